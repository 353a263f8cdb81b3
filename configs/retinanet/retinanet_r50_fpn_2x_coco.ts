import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  train_cfg: { max_epochs: 24 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 24, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
