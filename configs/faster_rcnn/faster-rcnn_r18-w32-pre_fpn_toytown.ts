import { defineConfig } from '../../src/catalogue/define-config';

// The tour's model: trained in half a minute on two CPU cores. A ResNet-18 of half the usual width without its last stage, as
// trained on other scenes of the town (weights/README.md), and anchors that begin at 16 pixels, the size of people and lights.
export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r18_fpn_scratch',
    '../_base_/datasets/toytown',
    '../_base_/schedules/schedule_scratch',
    '../_base_/default_runtime',
  ],
  model: {
    backbone: {
      base_channels: 32,
      num_stages: 3,
      strides: [1, 2, 2],
      dilations: [1, 1, 1],
      out_indices: [0, 1, 2],
      frozen_stages: 1,
      norm_eval: true,
      init_cfg: { _delete_: true, type: 'Pretrained', checkpoint: 'toytown://resnet18-w32_toytown' },
    },
    neck: { out_channels: 64 },
    rpn_head: { in_channels: 64, feat_channels: 64, anchor_generator: { scales: [4] } },
    roi_head: {
      bbox_roi_extractor: { out_channels: 64 },
      bbox_head: { in_channels: 64, fc_out_channels: 256 },
    },
    train_cfg: {
      rpn_proposal: { nms_pre: 500, max_per_img: 200 },
      rcnn: { sampler: { num: 64 } },
    },
    test_cfg: { rpn: { nms_pre: 500, max_per_img: 200 } },
  },
  train_dataloader: { batch_size: 2 },
  train_cfg: { max_epochs: 3 },
  // new heads learn in fewer steps with AdamW than with SGD
  optim_wrapper: { optimizer: { _delete_: true, type: 'AdamW', lr: 0.002, weight_decay: 0.05 } },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.01, by_epoch: false, begin: 0, end: 20 },
    {
      type: 'CosineAnnealingLR',
      begin: 0,
      end: 3,
      T_max: 3,
      by_epoch: true,
      convert_to_iter_based: true,
      eta_min_ratio: 0.01,
    },
  ],
});
