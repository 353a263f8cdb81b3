import { defineConfig } from '../../src/define-config';

// The tour's model: a few minutes on two CPU cores.
export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r18_fpn_scratch',
    '../_base_/datasets/toytown',
    '../_base_/schedules/schedule_scratch',
    '../_base_/default_runtime',
  ],
  train_cfg: { max_epochs: 6 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.01, by_epoch: false, begin: 0, end: 100 },
    { type: 'MultiStepLR', begin: 0, end: 6, by_epoch: true, milestones: [4, 5], gamma: 0.1 },
  ],
});
