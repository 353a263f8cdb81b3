import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    roi_head: {
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { _delete_: true, type: 'DeformRoIPoolPack', output_size: 7, output_channels: 256 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
    },
  },
});
