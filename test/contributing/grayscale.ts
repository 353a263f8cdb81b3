// Grayscale: every channel becomes the mean of the three, with a given probability.

import { z } from 'zod';
import { defineModule } from '../../src/catalogue/registry';
import { pixelsLike } from '../../src/data/pixels/pixel-image';
import { pixelsOf, type Transform } from '../../src/data/transforms/sample';

export const Grayscale = defineModule({
  kind: 'transform',
  type: 'Grayscale',
  summary: 'Takes the color out of the image at random',
  origin: 'DetLab, an example',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'Grayscale', prob: 0.1 }",
  options: z.strictObject({ prob: z.number().min(0).max(1).default(0.1).describe('Probability per image') }),
  build:
    ({ prob }): Transform =>
    (sample, random) => {
      const image = pixelsOf(sample, 'Grayscale');
      if (random.uniform() >= prob) return sample;
      const data = pixelsLike(image.data, image.data.length); // never write into pixels that were given
      for (let i = 0; i < data.length; i += 3)
        data.fill((image.data[i] + image.data[i + 1] + image.data[i + 2]) / 3, i, i + 3);
      sample.image = { ...image, data };
      return sample;
    },
});
