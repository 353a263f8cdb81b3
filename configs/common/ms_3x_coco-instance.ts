import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

// Masks are learnt, too; what is evaluated are still boxes, as in MMDetection.
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  {
    type: 'RandomResize',
    scale: [
      [1333, 640],
      [1333, 800],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './ms_3x_coco',
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { dataset: { pipeline: train_pipeline } } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
});
