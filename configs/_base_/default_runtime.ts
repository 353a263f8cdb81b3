import type { ConfigOf } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const vis_backends: ConfigOf<'vis_backend'>[] = [{ type: 'LocalVisBackend' }];

export default defineConfig({
  default_scope: 'mmdet',
  default_hooks: {
    timer: { type: 'IterTimerHook' },
    logger: { type: 'LoggerHook', interval: 50 },
    param_scheduler: { type: 'ParamSchedulerHook' },
    checkpoint: { type: 'CheckpointHook', interval: 1 },
    sampler_seed: { type: 'DistSamplerSeedHook' },
    visualization: { type: 'DetVisualizationHook' },
  },
  env_cfg: {
    cudnn_benchmark: false,
    mp_cfg: { mp_start_method: 'fork', opencv_num_threads: 0 },
    dist_cfg: { backend: 'nccl' },
  },
  vis_backends,
  visualizer: { type: 'DetLocalVisualizer', vis_backends, name: 'visualizer' },
  log_processor: { type: 'LogProcessor', window_size: 50, by_epoch: true },
  log_level: 'INFO',
  load_from: null,
  resume: false,
});
