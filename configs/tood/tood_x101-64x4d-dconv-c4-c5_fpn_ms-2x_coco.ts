import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './tood_x101-64x4d_fpn_ms-2x_coco',
  model: {
    backbone: {
      dcn: { type: 'DCNv2', deformable_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, false, true, true],
    },
    bbox_head: { num_dcn: 2 },
  },
});
