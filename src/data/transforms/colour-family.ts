// The colour transforms of AutoAugment (MMDetection 3.x) by mmcv's formulas. Boxes and masks are unchanged.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  adjustBrightness,
  adjustColor,
  adjustContrast,
  adjustSharpness,
  autoContrast,
  equalizeChannels,
  invert,
  posterize,
  solarize,
  solarizeAdd,
} from '../pixels/photometric';
import type { PixelImage } from '../types';
import { drawMagnitude, magnitudeOptions, ORDERED, ordered } from './magnitude';
import { bytesOf, type Transform } from './sample';

type Range = readonly [number, number];

function colour<T extends string>(
  type: T,
  summary: string,
  range: { defaults: Range; limits: Range },
  change: (image: PixelImage, magnitude: number) => PixelImage,
) {
  return defineModule({
    kind: 'transform',
    type,
    summary,
    paper: 'Cubuk et al., AutoAugment: Learning Augmentation Policies from Data, CVPR 2019',
    shapes: '[H, W, 3] -> [H, W, 3]',
    example: `{ type: '${type}', prob: 0.5 }`,
    options: z.strictObject(magnitudeOptions(range.defaults, range.limits)).refine(ordered, ORDERED),
    build:
      (o): Transform =>
      (sample, random) => {
        if (random.uniform() > o.prob) return sample;
        sample.image = change(bytesOf(sample, type), drawMagnitude(o, random));
        return sample;
      },
  });
}

const enhancement = { defaults: [0.1, 1.9], limits: [0, 2] } as const;
/** Of transforms that have no strength. */
const free = { defaults: [0.1, 1.9], limits: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] } as const;

export const ColorTransform = colour(
  'ColorTransform',
  "Changes nothing: the base of MMDetection's colour transforms, in RandAugment the choice of none",
  free,
  (image) => image,
);
export const Color = colour('Color', 'Changes the saturation: 0 is gray, 1 the image', enhancement, adjustColor);
export const Brightness = colour(
  'Brightness',
  'Changes the brightness: 0 is black, 1 the image',
  enhancement,
  adjustBrightness,
);
export const Contrast = colour('Contrast', 'Changes the contrast: 0 is gray, 1 the image', enhancement, adjustContrast);
export const Sharpness = colour(
  'Sharpness',
  'Changes the sharpness: 0 is smoothed, 1 the image',
  enhancement,
  adjustSharpness,
);
export const Solarize = colour(
  'Solarize',
  'Inverts the values from a threshold on',
  { defaults: [0, 256], limits: [0, 256] },
  solarize,
);
export const SolarizeAdd = colour(
  'SolarizeAdd',
  'Adds to the values below 128',
  { defaults: [0, 110], limits: [0, 110] },
  solarizeAdd,
);
export const Posterize = colour(
  'Posterize',
  'Keeps the upper bits of every value',
  { defaults: [0, 4], limits: [0, 8] },
  (image, bits) => posterize(image, Math.ceil(bits)),
);
export const Equalize = colour('Equalize', 'Equalises the histogram of each channel', free, equalizeChannels);
export const AutoContrast = colour(
  'AutoContrast',
  'Stretches the values of each channel to the whole range',
  free,
  autoContrast,
);
export const Invert = colour('Invert', 'Inverts every value', free, invert);
