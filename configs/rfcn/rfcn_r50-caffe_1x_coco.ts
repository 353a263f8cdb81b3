import { defineConfig } from '../../src/catalogue/define-config';

// 7 x 7 bins as in the paper; regions are proposed on the fourth stage of the backbone
export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50-caffe-dc5_1x_coco',
  model: {
    type: 'RFCN',
    backbone: { out_indices: [2, 3] },
    rpn_head: { in_channels: 1024, feat_channels: 512 },
    roi_head: {
      _delete_: true,
      type: 'RFCNRoIHead',
      in_channels: 2048,
      feat_channels: 1024,
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'PSRoIPool', output_size: 7 },
        featmap_strides: [16],
      },
      bbox_head: {
        type: 'RFCNBBoxHead',
        num_classes: 80,
        bbox_coder: {
          type: 'DeltaXYWHBBoxCoder',
          target_means: [0.0, 0.0, 0.0, 0.0],
          target_stds: [0.1, 0.1, 0.2, 0.2],
        },
        reg_class_agnostic: true,
        loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1.0 },
        loss_bbox: { type: 'SmoothL1Loss', beta: 1.0, loss_weight: 1.0 },
      },
    },
    test_cfg: { rpn: { nms_pre: 6000, max_per_img: 300 } },
  },
});
