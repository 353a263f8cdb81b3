import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    roi_head: {
      type: 'DynamicRoIHead',
      bbox_head: {
        type: 'Shared2FCBBoxHead',
        in_channels: 256,
        fc_out_channels: 1024,
        roi_feat_size: 7,
        num_classes: 80,
        bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
        reg_class_agnostic: false,
        loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1 },
        loss_bbox: { type: 'SmoothL1Loss', beta: 1, loss_weight: 1 },
      },
    },
    train_cfg: {
      rpn_proposal: { nms: { iou_threshold: 0.85 } },
      rcnn: {
        dynamic_rcnn: { iou_topk: 75, beta_topk: 10, update_iter_interval: 100, initial_iou: 0.4, initial_beta: 1 },
      },
    },
    test_cfg: { rpn: { nms: { iou_threshold: 0.85 } } },
  },
});
