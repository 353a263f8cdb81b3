import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/res2net101';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_2x_coco',
  model,
});
