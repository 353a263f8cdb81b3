import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_r50_fpg_crop640-50e_coco',
  model: {
    neck: { out_channels: 128, inter_channels: 128 },
    rpn_head: { in_channels: 128 },
    roi_head: {
      bbox_roi_extractor: { out_channels: 128 },
      bbox_head: { in_channels: 128 },
      mask_roi_extractor: { out_channels: 128 },
      mask_head: { in_channels: 128 },
    },
  },
});
