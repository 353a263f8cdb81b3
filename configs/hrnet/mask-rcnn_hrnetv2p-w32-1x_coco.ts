import { defineConfig } from '../../src/catalogue/define-config';
import { hrfpn, hrnetv2_w32 } from '../_base_/backbones/hrnetv2-w32';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
  model: {
    backbone: hrnetv2_w32,
    neck: hrfpn,
  },
});
