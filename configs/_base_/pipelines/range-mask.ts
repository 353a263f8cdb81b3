import type { TransformConfig } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';

// Any scale of a range, masks; a config imports train_pipeline from here.
export const train_pipeline: TransformConfig[] = [
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

export default defineConfig({ train_pipeline });
