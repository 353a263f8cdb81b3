import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  {
    type: 'RandomChoiceResize',
    scales: [
      [852, 512],
      [852, 480],
      [852, 448],
      [852, 416],
      [852, 384],
      [852, 352],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [852, 512], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './decoupled-solo_r50_fpn_3x_coco',
  model: {
    mask_head: {
      type: 'DecoupledSOLOLightHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 8, 16, 32, 32],
      scale_ranges: [
        [1, 64],
        [32, 128],
        [64, 256],
        [128, 512],
        [256, 2048],
      ],
      pos_scale: 0.2,
      num_grids: [40, 36, 24, 16, 12],
      cls_down_index: 0,
      loss_mask: { type: 'DiceLoss', use_sigmoid: true, activate: false, loss_weight: 3 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      norm_cfg: { type: 'GN', num_groups: 32, requires_grad: true },
    },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
});
