// The options that RandomAffine and YOLOv5RandomAffine share.

import { z } from 'zod';

const pair = z.tuple([z.number(), z.number()]);

export const affineOptions = {
  max_rotate_degree: z.number().nonnegative().default(10).describe('Maximum rotation, degrees'),
  max_translate_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Maximum translation, as a fraction of the sides'),
  scaling_ratio_range: z
    .tuple([z.number().positive(), z.number().positive()])
    .default([0.5, 1.5])
    .describe('Range of the scale factor'),
  max_shear_degree: z.number().nonnegative().default(2).describe('Maximum shear, degrees'),
  border: pair
    .default([0, 0])
    .describe('[x, y] pixels added on each side; [-w / 4, -h / 4] crops a w x h mosaic to the size of one image'),
  border_val: z
    .tuple([z.number(), z.number(), z.number()])
    .default([114, 114, 114])
    .describe('Fill colour outside the image: b, g, r'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the image'),
};
