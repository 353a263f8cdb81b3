import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './retinanet_r50-caffe_fpn_ms-1x_coco',
  train_cfg: { max_epochs: 24 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 24, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
});
