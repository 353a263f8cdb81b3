const vis_backends = [{ type: 'LocalVisBackend' }];

export default {
  default_scope: 'mmyolo',
  default_hooks: {
    timer: { type: 'IterTimerHook' },
    logger: { type: 'LoggerHook', interval: 50 },
    param_scheduler: { type: 'ParamSchedulerHook' },
    checkpoint: { type: 'CheckpointHook', interval: 1 },
    sampler_seed: { type: 'DistSamplerSeedHook' },
    visualization: { type: 'mmdet.DetVisualizationHook' },
  },
  env_cfg: {
    cudnn_benchmark: false,
    mp_cfg: { mp_start_method: 'fork', opencv_num_threads: 0 },
    dist_cfg: { backend: 'nccl' },
  },
  vis_backends,
  visualizer: { type: 'mmdet.DetLocalVisualizer', vis_backends: vis_backends, name: 'visualizer' },
  log_processor: { type: 'LogProcessor', window_size: 50, by_epoch: true },
  log_level: 'INFO',
  load_from: null,
  resume: false,
  backend_args: null,
};
