import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    roi_head: {
      type: 'DoubleHeadRoIHead',
      reg_roi_scale_factor: 1.3,
      bbox_head: {
        _delete_: true,
        type: 'DoubleConvFCBBoxHead',
        num_convs: 4,
        num_fcs: 2,
        in_channels: 256,
        conv_out_channels: 1024,
        fc_out_channels: 1024,
        roi_feat_size: 7,
        num_classes: 80,
        bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
        reg_class_agnostic: false,
        loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 2 },
        loss_bbox: { type: 'SmoothL1Loss', beta: 1, loss_weight: 2 },
      },
    },
  },
});
