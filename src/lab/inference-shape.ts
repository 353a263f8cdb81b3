// Options that every call of a model on images takes: the precision, test-time augmentation and tiles.

import { z } from 'zod';

const positive = z.int().positive();
export const precisionShape = z.enum(['float32', 'bfloat16', 'float16']);
/** Pixels: of both sides, or [width, height]. */
export const sideShape = z.union([positive, z.tuple([positive, positive])]);

/** Words of `tta` are checked where the views are made. */
export const inferenceShape = {
  precision: precisionShape,
  tta: z.union([z.literal(true), z.array(z.union([z.string(), z.number()]))]),
  tiles: z.union([
    positive,
    z.strictObject({
      size: sideShape,
      overlap: z.number().min(0).max(0.95).optional(),
      merge: z.enum(['nms', 'greedy_nmm', 'wbf']).optional(),
      metric: z.enum(['iou', 'ios']).optional(),
      threshold: z.number().positive().max(1).optional(),
      whole: z.boolean().optional(),
    }),
  ]),
};
