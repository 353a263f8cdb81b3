import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './faster-rcnn_r50-caffe-dc5_ms-1x_coco',
  // the second rule ends at epoch 12 in MMDetection's config too, before its milestones
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [28, 34], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 36 },
});
