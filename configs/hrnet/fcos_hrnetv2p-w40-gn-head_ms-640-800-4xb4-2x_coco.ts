import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/hrnetv2-w40';

export default defineConfig({
  _base_: './fcos_hrnetv2p-w32-gn-head_ms-640-800-4xb4-2x_coco',
  model,
});
