const checkpoint =
  'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-tiny_imagenet_600e.pth';

export default {
  _base_: './rtmdet-r_l_syncbn_fast_2xb4-36e_dota',
  checkpoint,
  submission_dir: './work_dirs/rtmdet-r_tiny_fast_1xb8-36e_dota/submission',
  train_batch_size_per_gpu: 8,
  deepen_factor: 0.167,
  widen_factor: 0.375,
  model: {
    backbone: { deepen_factor: 0.167, widen_factor: 0.375, init_cfg: { checkpoint: checkpoint } },
    neck: { deepen_factor: 0.167, widen_factor: 0.375 },
    bbox_head: { head_module: { widen_factor: 0.375 } },
  },
  train_dataloader: { batch_size: 8 },
};
