import type { TransformConfig } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';

// One of six scales, masks kept as polygons; a config imports train_pipeline from here.
export const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
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

export default defineConfig({ train_pipeline });
