import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: ['../common/ms-poly_3x_coco-instance', '../_base_/models/mask-rcnn_r50_fpn'],
  model: { backbone: resnext101.x64x4d },
});
