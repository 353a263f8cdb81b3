import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: ['../_base_/models/retinanet_r50_fpn', '../common/ms_3x_coco'],
  model: { backbone: resnext101.x64x4d },
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01 } },
});
