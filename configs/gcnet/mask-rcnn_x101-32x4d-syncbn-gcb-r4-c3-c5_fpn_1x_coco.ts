import { defineConfig } from '../../src/catalogue/define-config';
import { r4 } from '../_base_/backbones/resnet-gcb';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_x101-32x4d_fpn_1x_coco',
  model: r4,
});
