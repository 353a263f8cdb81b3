import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './tood_r50_fpn_1x_coco',
  model: { bbox_head: { anchor_type: 'anchor_based' } },
});
