import type { TransformConfig } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';
import { scales } from './detr';

// Deformable DETR's: as DETR's, with crops of images not bounded on the long side; a config imports train_pipeline from here.
export const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomFlip', prob: 0.5 },
  {
    type: 'RandomChoice',
    transforms: [
      [{ type: 'RandomChoiceResize', scales, keep_ratio: true }],
      [
        {
          type: 'RandomChoiceResize',
          scales: [
            [400, 4200],
            [500, 4200],
            [600, 4200],
          ],
          keep_ratio: true,
        },
        { type: 'RandomCrop', crop_type: 'absolute_range', crop_size: [384, 600], allow_negative_crop: true },
        { type: 'RandomChoiceResize', scales, keep_ratio: true },
      ],
    ],
  },
  { type: 'PackDetInputs' },
];

export default defineConfig({ train_pipeline });
