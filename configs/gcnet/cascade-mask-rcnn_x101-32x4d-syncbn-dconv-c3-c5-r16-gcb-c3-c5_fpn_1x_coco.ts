import { defineConfig } from '../../src/catalogue/define-config';
import { r16 } from '../_base_/backbones/resnet-gcb';

export default defineConfig({
  _base_: '../dcn/cascade-mask-rcnn_x101-32x4d-dconv-c3-c5_fpn_1x_coco',
  model: r16,
});
