import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'FOVEA',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      num_outs: 5,
      add_extra_convs: 'on_input',
    },
    bbox_head: {
      type: 'FoveaHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      base_edge_list: [16, 32, 64, 128, 256],
      scale_ranges: [
        [1, 64],
        [32, 128],
        [64, 256],
        [128, 512],
        [256, 2048],
      ],
      sigma: 0.4,
      with_deform: false,
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 1.5, alpha: 0.4, loss_weight: 1 },
      loss_bbox: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 1 },
    },
    train_cfg: {},
    test_cfg: { nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
  },
  train_dataloader: { batch_size: 4, num_workers: 4 },
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
