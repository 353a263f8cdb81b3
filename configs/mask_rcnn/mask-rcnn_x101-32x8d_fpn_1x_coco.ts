import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: './mask-rcnn_r101_fpn_1x_coco',
  model: { data_preprocessor: resnext101.pixels32x8d, backbone: resnext101.x32x8d },
});
