import { defineConfig } from '../../src/catalogue/define-config';

const max_epochs = 24;

export default defineConfig({
  _base_: './mask-rcnn_x101-32x4d_fpn_gn-ws-all_2x_coco',
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [20, 23], gamma: 0.1 },
  ],
});
