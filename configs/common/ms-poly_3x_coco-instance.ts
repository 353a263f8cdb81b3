// As ms_3x_coco, with the masks of instances, kept as polygons.

import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const load: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
];
const train_pipeline: TransformConfig[] = [
  ...load,
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
  load[0],
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  load[1],
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './ms_3x_coco',
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { dataset: { pipeline: train_pipeline } } },
  val_dataloader: { batch_size: 2, dataset: { pipeline: test_pipeline } },
  test_dataloader: { batch_size: 2, dataset: { pipeline: test_pipeline } },
  val_evaluator: { metric: ['bbox', 'segm'] },
  test_evaluator: { metric: ['bbox', 'segm'] },
});
