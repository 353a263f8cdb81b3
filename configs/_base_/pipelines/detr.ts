import type { TransformConfig } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';

// DETR's: one of eleven scales, or a crop between two of them; a config imports train_pipeline from here.
// the short side of an image, at most 1333 on the long side
export const scales: [number, number][] = [
  [480, 1333],
  [512, 1333],
  [544, 1333],
  [576, 1333],
  [608, 1333],
  [640, 1333],
  [672, 1333],
  [704, 1333],
  [736, 1333],
  [768, 1333],
  [800, 1333],
];

export const resize_or_crop: TransformConfig = {
  type: 'RandomChoice',
  transforms: [
    [{ type: 'RandomChoiceResize', scales, keep_ratio: true }],
    [
      {
        type: 'RandomChoiceResize',
        scales: [
          [400, 1333],
          [500, 1333],
          [600, 1333],
        ],
        keep_ratio: true,
      },
      {
        type: 'RandomCrop',
        crop_type: 'absolute_range',
        crop_size: [384, 600],
        allow_negative_crop: true,
      },
      { type: 'RandomChoiceResize', scales, keep_ratio: true },
    ],
  ],
};

export const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomFlip', prob: 0.5 },
  resize_or_crop,
  { type: 'PackDetInputs' },
];

export default defineConfig({ train_pipeline });
