import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'RandomResize',
    scale: [
      [1333, 480],
      [1333, 960],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };
export default defineConfig({
  _base_: './vfnet_r50_fpn_1x_coco',
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
  max_epochs: 24,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 24, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 24 },
});
