import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/hrnetv2-w18';

export default defineConfig({
  _base_: './fcos_hrnetv2p-w32-gn-head_4xb4-1x_coco',
  model,
});
