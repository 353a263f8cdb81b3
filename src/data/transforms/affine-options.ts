// The options that RandomAffine and YOLOv5RandomAffine share.

import { z } from 'zod';

const pair = z.tuple([z.number(), z.number()]);

export const affineOptions = {
  max_rotate_degree: z.number().nonnegative().default(10).describe('Largest rotation, degrees'),
  max_translate_ratio: z.number().min(0).max(1).default(0.1).describe('Largest move, as share of the sides'),
  scaling_ratio_range: z
    .tuple([z.number().positive(), z.number().positive()])
    .default([0.5, 1.5])
    .describe('Bounds of the factor'),
  max_shear_degree: z.number().nonnegative().default(2).describe('Largest shear, degrees'),
  border: pair
    .default([0, 0])
    .describe(
      'Added to the width on either side, and to the height; [-w / 4, -h / 4] of a mosaic gives one image back',
    ),
  border_val: z
    .tuple([z.number(), z.number(), z.number()])
    .default([114, 114, 114])
    .describe('Colour b, g, r of what lies outside of the image'),
  bbox_clip_border: z.boolean().default(true).describe('Boxes end at the border'),
};
