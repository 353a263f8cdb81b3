import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];

// Masks stay polygons: their targets are painted anew at the size of the head.
export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
