import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r101_fpn_1x_coco',
  model: {
    backbone: {
      dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
    },
  },
});
