// Albu (MMDetection 3.x): transforms of the albumentations library. Supported are the four that MMYOLO's configs use, Blur,
// MedianBlur, ToGray and CLAHE, which do not change boxes; others are rejected by name. Albumentations reads MMDetection's
// b, g, r as r, g, b; ToGray and CLAHE do the same.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { meanBlur, medianBlur } from '../pixels/blur';
import { equalize } from '../pixels/clahe';
import { fromLab, toLab } from '../pixels/lab';
import type { PixelImage } from '../types';
import { bytesOf, type Transform } from './sample';

const p = z.number().min(0).max(1).default(0.5).describe('Probability');
const always_apply = z.boolean().default(false).describe('Apply always, regardless of p');
const odd = z.number().int().min(3);
const limit = z.union([odd, z.tuple([odd, odd])]).default(7);
const common = { p, always_apply };

const steps = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Blur'), blur_limit: limit.describe('Maximum kernel size'), ...common }),
  z.strictObject({
    type: z.literal('MedianBlur'),
    blur_limit: limit.describe('Maximum kernel size'),
    ...common,
  }),
  z.strictObject({ type: z.literal('ToGray'), ...common }),
  z.strictObject({
    type: z.literal('CLAHE'),
    clip_limit: z
      .union([z.number().min(1), z.tuple([z.number().min(1), z.number().min(1)])])
      .default(4)
      .describe('Maximum clip limit, or its range'),
    tile_grid_size: z
      .tuple([z.literal(8), z.literal(8)])
      .default([8, 8])
      .describe('Only 8 x 8 tiles'),
    ...common,
  }),
]);
type Step = z.output<typeof steps>;

/** Index of the channel that albumentations reads as red: MMDetection's blue. */
const red = ({ order }: PixelImage): 0 | 2 => (order === 'bgr' ? 0 : 2);

export function toGray(image: PixelImage): PixelImage {
  const data = new Uint8Array(image.data.length);
  const first = red(image);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [image.data[i + first], image.data[i + 1], image.data[i + 2 - first]];
    data.fill((r * 9798 + g * 19235 + b * 3735 + 16384) >> 15, i, i + 3);
  }
  return { ...image, data };
}

/** Equalises the lightness and keeps the colours. */
export function equalizeLightness(image: PixelImage, clip: number): PixelImage {
  const [l, a, b] = toLab(image, red(image));
  return fromLab([equalize(l, image.width, image.height, clip), a, b], image, red(image));
}

function applyStep(image: PixelImage, step: Step, random: Random): PixelImage {
  if (step.type === 'ToGray') return toGray(image);
  if (step.type === 'CLAHE') {
    const [low, high] = typeof step.clip_limit === 'number' ? [1, step.clip_limit] : step.clip_limit;
    return equalizeLightness(image, random.uniform(low, high));
  }
  const [low, high] = typeof step.blur_limit === 'number' ? [3, step.blur_limit] : step.blur_limit;
  const size = low + 2 * random.integer(Math.floor((high - low) / 2) + 1);
  return step.type === 'Blur' ? meanBlur(image, size) : medianBlur(image, size);
}

export const Albu = defineModule({
  kind: 'transform',
  type: 'Albu',
  summary: "albumentations' Blur, MedianBlur, ToGray and CLAHE",
  origin: 'MMDetection, after albumentations',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'Albu', transforms: [{ type: 'Blur', p: 0.01 }, { type: 'ToGray', p: 0.01 }] }",
  options: z.strictObject({
    transforms: z.array(steps).describe('Transforms, in order: Blur, MedianBlur, ToGray or CLAHE'),
    bbox_params: z.looseObject({}).nullish().describe('Accepted: these transforms do not change boxes'),
    keymap: z.record(z.string(), z.string()).nullish().describe('Accepted: images have one name'),
    skip_img_without_anno: z.boolean().default(false).describe('Accepted: these transforms do not change boxes'),
  }),
  build:
    ({ transforms }): Transform =>
    (sample, random) => {
      let image = bytesOf(sample, 'Albu');
      for (const step of transforms)
        if (random.uniform() < step.p || step.always_apply) image = applyStep(image, step, random);
      sample.image = image;
      return sample;
    },
});
