import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/objects365v1_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: { bbox_head: { num_classes: 365 } },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 10000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  auto_scale_lr: { base_batch_size: 16 },
});
