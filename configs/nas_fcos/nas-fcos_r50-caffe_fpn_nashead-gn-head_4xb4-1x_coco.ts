import { defineConfig } from '../../src/catalogue/define-config';
import { test_cfg } from '../_base_/models/dense';
import { caffe_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'NASFCOS',
    data_preprocessor: caffe_pixels,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false, eps: 0 },
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
    neck: {
      type: 'NASFCOS_FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: true,
      num_outs: 5,
      norm_cfg: { type: 'BN' },
      conv_cfg: { type: 'DCNv2', deform_groups: 2 },
    },
    bbox_head: {
      type: 'NASFCOSHead',
      num_classes: 80,
      in_channels: 256,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      norm_cfg: { type: 'GN', num_groups: 32 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'IoULoss', loss_weight: 1 },
      loss_centerness: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 },
    },
    train_cfg: {
      assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0, ignore_iof_thr: -1 },
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
    test_cfg,
  },
  train_dataloader: { batch_size: 4, num_workers: 2 },
  optim_wrapper: { optimizer: { lr: 0.01 }, paramwise_cfg: { bias_lr_mult: 2, bias_decay_mult: 0 } },
});
