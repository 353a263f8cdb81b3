import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50-caffe_fpn_ms-1x_coco',
  model: {
    type: 'PointRend',
    roi_head: {
      type: 'PointRendRoIHead',
      mask_roi_extractor: {
        type: 'GenericRoIExtractor',
        aggregation: 'concat',
        roi_layer: { _delete_: true, type: 'SimpleRoIAlign', output_size: 14 },
        out_channels: 256,
        featmap_strides: [4],
      },
      mask_head: {
        _delete_: true,
        type: 'CoarseMaskHead',
        num_fcs: 2,
        in_channels: 256,
        conv_out_channels: 256,
        fc_out_channels: 1024,
        num_classes: 80,
        loss_mask: { type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 },
      },
      point_head: {
        type: 'MaskPointHead',
        num_fcs: 3,
        in_channels: 256,
        fc_channels: 256,
        num_classes: 80,
        coarse_pred_each_layer: true,
        loss_point: { type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 },
      },
    },
    train_cfg: { rcnn: { mask_size: 7, num_points: 196, oversample_ratio: 3, importance_sample_ratio: 0.75 } },
    test_cfg: { rcnn: { subdivision_steps: 5, subdivision_num_points: 784, scale_factor: 2 } },
  },
});
