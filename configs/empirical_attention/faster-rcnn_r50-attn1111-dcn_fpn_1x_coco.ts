import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    backbone: {
      plugins: [
        {
          cfg: { type: 'GeneralizedAttention', spatial_range: -1, num_heads: 8, attention_type: '1111', kv_stride: 2 },
          stages: [false, false, true, true],
          position: 'after_conv2',
        },
      ],
      dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
    },
  },
});
