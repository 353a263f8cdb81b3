import { defineConfig } from '../../src/catalogue/define-config';
import { hrfpn, hrnetv2_w32 } from '../_base_/backbones/hrnetv2-w32';

const max_epochs = 20;

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco',
  model: {
    backbone: hrnetv2_w32,
    neck: hrfpn,
  },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [16, 19], gamma: 0.1 },
  ],
});
