import { defineConfig } from '../../src/catalogue/define-config';
import { torchvision_pixels_and_masks } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_instance', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'SOLO',
    data_preprocessor: torchvision_pixels_and_masks,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' },
      style: 'pytorch',
    },
    neck: { type: 'FPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, start_level: 0, num_outs: 5 },
    mask_head: {
      type: 'SOLOHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 7,
      feat_channels: 256,
      strides: [8, 8, 16, 32, 32],
      scale_ranges: [
        [1, 96],
        [48, 192],
        [96, 384],
        [192, 768],
        [384, 2048],
      ],
      pos_scale: 0.2,
      num_grids: [40, 36, 24, 16, 12],
      cls_down_index: 0,
      loss_mask: { type: 'DiceLoss', use_sigmoid: true, loss_weight: 3 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      norm_cfg: { type: 'GN', num_groups: 32, requires_grad: true },
    },
    test_cfg: {
      nms_pre: 500,
      score_thr: 0.1,
      mask_thr: 0.5,
      filter_thr: 0.05,
      kernel: 'gaussian',
      sigma: 2,
      max_per_img: 100,
    },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
  val_evaluator: { metric: 'segm' },
  test_evaluator: { metric: 'segm' },
});
