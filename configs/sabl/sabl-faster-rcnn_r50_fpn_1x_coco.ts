import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    roi_head: {
      bbox_head: {
        _delete_: true,
        type: 'SABLHead',
        num_classes: 80,
        cls_in_channels: 256,
        reg_in_channels: 256,
        roi_feat_size: 7,
        reg_feat_up_ratio: 2,
        reg_pre_kernel: 3,
        reg_post_kernel: 3,
        reg_pre_num: 2,
        reg_post_num: 1,
        cls_out_channels: 1024,
        reg_offset_out_channels: 256,
        reg_cls_out_channels: 256,
        num_cls_fcs: 1,
        num_reg_fcs: 0,
        reg_class_agnostic: true,
        norm_cfg: null,
        bbox_coder: { type: 'BucketingBBoxCoder', num_buckets: 14, scale_factor: 1.7 },
        loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1 },
        loss_bbox_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 },
        loss_bbox_reg: { type: 'SmoothL1Loss', beta: 0.1, loss_weight: 1 },
      },
    },
  },
});
