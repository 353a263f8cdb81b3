import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/hrnetv2-w18';

export default defineConfig({
  _base_: './mask-rcnn_hrnetv2p-w32-1x_coco',
  model,
});
