// As ms-90k_coco, with the masks of instances, kept as polygons.

import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const backend = 'pillow';
const load: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null, imdecode_backend: backend },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
];
const train_pipeline: TransformConfig[] = [
  ...load,
  {
    type: 'RandomChoiceResize',
    scales: [
      [1333, 640],
      [1333, 672],
      [1333, 704],
      [1333, 736],
      [1333, 768],
      [1333, 800],
    ],
    keep_ratio: true,
    backend,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  load[0],
  { type: 'Resize', scale: [1333, 800], keep_ratio: true, backend },
  load[1],
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: './ms-90k_coco',
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  val_evaluator: { metric: ['bbox', 'segm'] },
  test_evaluator: { metric: ['bbox', 'segm'] },
});
