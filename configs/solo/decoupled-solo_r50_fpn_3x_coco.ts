import { defineConfig } from '../../src/catalogue/define-config';
import { mask_head } from './decoupled-solo_r50_fpn_1x_coco';

export default defineConfig({
  _base_: './solo_r50_fpn_3x_coco',
  model: {
    mask_head,
  },
});
