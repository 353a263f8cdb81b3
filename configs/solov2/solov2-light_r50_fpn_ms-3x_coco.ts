import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  {
    type: 'RandomChoiceResize',
    scales: [
      [768, 512],
      [768, 480],
      [768, 448],
      [768, 416],
      [768, 384],
      [768, 352],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [448, 768], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './solov2_r50_fpn_1x_coco',
  model: {
    mask_head: {
      stacked_convs: 2,
      feat_channels: 256,
      scale_ranges: [
        [1, 56],
        [28, 112],
        [56, 224],
        [112, 448],
        [224, 896],
      ],
      mask_feature_head: { out_channels: 128 },
    },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  max_epochs: 36,
  train_cfg: { by_epoch: true, max_epochs: 36 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.3333333333333333, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 36, by_epoch: true, milestones: [27, 33], gamma: 0.1 },
  ],
});
