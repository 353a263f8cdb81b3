import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/hrnetv2-w40';

export default defineConfig({
  _base_: './mask-rcnn_hrnetv2p-w18-1x_coco',
  model,
});
