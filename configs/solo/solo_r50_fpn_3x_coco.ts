import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  {
    type: 'RandomChoiceResize',
    scales: [
      [1333, 800],
      [1333, 768],
      [1333, 736],
      [1333, 704],
      [1333, 672],
      [1333, 640],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];

export default defineConfig({
  _base_: './solo_r50_fpn_1x_coco',
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs: 36,
  train_cfg: { max_epochs: 36 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.3333333333333333, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 36, by_epoch: true, milestones: [27, 33], gamma: 0.1 },
  ],
});
