import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/resnet-dconv-c3-c5';

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco',
  model,
});
