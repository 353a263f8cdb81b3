import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../retinanet/retinanet_r50_fpn_1x_coco',
  model: {
    type: 'FSAF',
    bbox_head: {
      type: 'FSAFHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      reg_decoded_bbox: true,
      // one anchor a cell: the place of the cell, not a shape
      anchor_generator: {
        type: 'AnchorGenerator',
        octave_base_scale: 1,
        scales_per_octave: 1,
        ratios: [1.0],
        strides: [8, 16, 32, 64, 128],
      },
      bbox_coder: { _delete_: true, type: 'TBLRBBoxCoder', normalizer: 4.0 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2.0, alpha: 0.25, loss_weight: 1.0, reduction: 'none' },
      loss_bbox: { _delete_: true, type: 'IoULoss', eps: 1e-6, loss_weight: 1.0, reduction: 'none' },
    },
    train_cfg: {
      assigner: { _delete_: true, type: 'CenterRegionAssigner', pos_scale: 0.2, neg_scale: 0.2, min_pos_iof: 0.01 },
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
  },
  optim_wrapper: { clip_grad: { max_norm: 10, norm_type: 2 } },
});
