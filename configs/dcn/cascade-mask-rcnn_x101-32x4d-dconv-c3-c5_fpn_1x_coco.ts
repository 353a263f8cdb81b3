import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-mask-rcnn_x101-32x4d_fpn_1x_coco',
  model: {
    backbone: {
      dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
    },
  },
});
