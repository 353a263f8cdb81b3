import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/hrnetv2-w40';

export default defineConfig({
  _base_: './cascade-mask-rcnn_hrnetv2p-w32_20e_coco',
  model,
});
