// CutOut (MMDetection 3.x; DeVries and Taylor, 2017): fills random rectangles of the image; boxes are unchanged.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { colourOf, pastePixels, pixelsLike, solidImage } from '../pixels/pixel-image';
import { pixelsOf, type Transform } from './sample';

const pair = z.tuple([z.number().nonnegative(), z.number().nonnegative()]);
const candidates = z.union([pair, z.array(pair).min(1)]);
const count = z.number().int().nonnegative();

export const CutOut = defineModule({
  kind: 'transform',
  type: 'CutOut',
  summary: 'Fills random rectangles of the image with a colour',
  paper: 'DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'CutOut', n_holes: [1, 5], cutout_shape: [16, 16] }",
  options: z.strictObject({
    n_holes: z.union([count, z.tuple([count, count])]).describe('Number of rectangles, or its range'),
    cutout_shape: candidates.nullish().describe('[width, height] in pixels, or a list of candidates'),
    cutout_ratio: candidates.nullish().describe('[width, height] as fractions of the image, or a list of candidates'),
    fill_in: z.tuple([z.number(), z.number(), z.number()]).default([0, 0, 0]).describe('Fill colour: b, g, r'),
  }),
  build: ({ n_holes, cutout_shape, cutout_ratio, fill_in }): Transform => {
    const sizes = cutout_shape ?? cutout_ratio;
    if (!sizes || (cutout_shape && cutout_ratio))
      throw new DetLabError(
        `Cannot build CutOut: expected either cutout_shape or cutout_ratio, received ${sizes ? 'both' : 'neither'}`,
      );
    const choices = (typeof sizes[0] === 'number' ? [sizes] : sizes) as [number, number][];
    const [min, max] = typeof n_holes === 'number' ? [n_holes, n_holes] : n_holes;
    return (sample, random) => {
      const image = pixelsOf(sample, 'CutOut');
      const data = pixelsLike(image.data, image.data.length);
      data.set(image.data);
      const out = { ...image, data };
      for (let holes = min + random.integer(max - min + 1); holes > 0; holes--) {
        const [x, y] = [random.integer(image.width), random.integer(image.height)];
        const [w, h] = choices[random.integer(choices.length)];
        const [width, height] = cutout_ratio ? [Math.trunc(w * image.width), Math.trunc(h * image.height)] : [w, h];
        pastePixels(out, solidImage(image, width, height, colourOf(fill_in, image.order)), x, y);
      }
      sample.image = out;
      return sample;
    };
  },
});
