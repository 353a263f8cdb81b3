import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/res2net101';

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-mask-rcnn_r50_fpn_20e_coco',
  model,
});
