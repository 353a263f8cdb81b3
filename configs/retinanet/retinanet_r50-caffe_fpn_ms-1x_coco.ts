import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile' },
  { type: 'LoadAnnotations', with_bbox: true },
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
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];

export default defineConfig({
  _base_: './retinanet_r50-caffe_fpn_1x_coco',
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
