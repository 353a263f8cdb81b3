import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'GN', num_groups: 32, requires_grad: true } as const;
const max_epochs = 73;

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  norm_cfg,
  model: {
    backbone: { frozen_stages: -1, zero_init_residual: false, norm_cfg, init_cfg: null },
    neck: { norm_cfg },
    roi_head: { bbox_head: { type: 'Shared4Conv1FCBBoxHead', conv_out_channels: 256, norm_cfg } },
  },
  optim_wrapper: { paramwise_cfg: { norm_decay_mult: 0 } },
  max_epochs,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [65, 71], gamma: 0.1 },
  ],
  train_cfg: { max_epochs },
  default_hooks: { checkpoint: { max_keep_ckpts: 3 } },
});
