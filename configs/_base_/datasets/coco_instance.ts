import type { TransformConfig } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';

const backend_args = null;
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './coco_detection',
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  val_evaluator: { metric: ['bbox', 'segm'] },
  test_evaluator: { metric: ['bbox', 'segm'] },
});
