import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './vfnet_r50_fpn_ms-2x_coco',
  model: {
    backbone: {
      dcn: { type: 'DCNv2', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
    },
    bbox_head: { dcn_on_last_conv: true },
  },
});
