import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/resnet-dconv-c3-c5';

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-mask-rcnn_x101-32x4d_fpn_1x_coco',
  model,
});
