// Corrupt (MMDetection 3.x, imagecorruptions 1.1.2; Hendrycks and Dietterich, ICLR 2019): noise, blur, weather and digital
// artefacts in five strengths. As there, the channels are in the order b, g, r, and values are truncated to 8 bits. Frost, which
// needs photographs of frost, is refused, and so is spatter.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { defocusBlur, gaussianBlur, glassBlur, integerOffsets, motionBlur, zoomBlur } from '../pixels/corruptions/blur';
import { brightness, contrast, elasticTransform, pixelate, saturate } from '../pixels/corruptions/digital';
import type { FloatImage } from '../pixels/corruptions/float-image';
import { jpegRoundTrip, QUALITIES } from '../pixels/corruptions/jpeg';
import {
  gaussianNoise,
  impulseNoise,
  normalDraws,
  poissonDraws,
  shotNoise,
  speckleNoise,
} from '../pixels/corruptions/noise';
import { fog, snow } from '../pixels/corruptions/weather';
import type { PixelImage } from '../types';
import { bytesOf, type Transform } from './sample';

type Corruption = (image: FloatImage, severity: number, random: Random) => FloatImage;

const within = (random: Random) => (limit: number) => random.uniform(-limit, limit);

const FORMULAS: Record<string, Corruption> = {
  gaussian_noise: (image, severity, random) => gaussianNoise(image, severity, normalDraws(random)),
  shot_noise: (image, severity, random) => shotNoise(image, severity, poissonDraws(random)),
  impulse_noise: (image, severity, random) => impulseNoise(image, severity, () => [random.uniform(), random.uniform()]),
  defocus_blur: defocusBlur,
  glass_blur: (image, severity, random) => glassBlur(image, severity, integerOffsets(random)),
  motion_blur: (image, severity, random) => motionBlur(image, severity, random.uniform(-45, 45)),
  zoom_blur: zoomBlur,
  snow: (image, severity, random) => snow(image, severity, () => random.normal(), random.uniform(-135, -45)),
  fog: (image, severity, random) => fog(image, severity, within(random)),
  brightness,
  contrast,
  elastic_transform: (image, severity, random) => elasticTransform(image, severity, within(random)),
  pixelate,
  speckle_noise: (image, severity, random) => speckleNoise(image, severity, normalDraws(random)),
  gaussian_blur: gaussianBlur,
  saturate,
};

/** The corruptions that there are. */
export const CORRUPTIONS = [...Object.keys(FORMULAS), 'jpeg_compression'];

/** MMDetection's groups; of the benchmark's fifteen, frost is not there. */
export const CORRUPTION_GROUPS: Readonly<Record<string, readonly string[]>> = {
  benchmark: CORRUPTIONS.filter((name) => !['speckle_noise', 'gaussian_blur', 'saturate'].includes(name)),
  noise: ['gaussian_noise', 'shot_noise', 'impulse_noise'],
  blur: ['defocus_blur', 'glass_blur', 'motion_blur', 'zoom_blur'],
  weather: ['snow', 'fog', 'brightness'],
  digital: ['contrast', 'elastic_transform', 'pixelate', 'jpeg_compression'],
  holdout: ['speckle_noise', 'gaussian_blur', 'saturate'],
  all: CORRUPTIONS,
};

export const Corrupt = defineModule({
  kind: 'transform',
  type: 'Corrupt',
  summary: 'Corrupts the image by noise, blur, weather or digital artefacts',
  paper:
    'Hendrycks and Dietterich, Benchmarking Neural Network Robustness, ICLR 2019; Michaelis et al., arXiv:1907.07484',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'Corrupt', corruption: 'gaussian_noise', severity: 3 }",
  options: z.strictObject({
    corruption: z
      .string()
      .refine((name) => CORRUPTIONS.includes(name), `expected one of ${CORRUPTIONS.join(', ')}`)
      .describe(`One of ${CORRUPTIONS.join(', ')}; frost and spatter are not there`),
    severity: z.int().min(1).max(5).default(1).describe('Strength, 1 to 5'),
  }),
  build:
    ({ corruption, severity }): Transform =>
    async (sample, random) => {
      const image = bytesOf(sample, 'Corrupt');
      sample.image = await corrupted(image, corruption, severity, random);
      return sample;
    },
});

/** The image with a corruption. */
export async function corrupted(
  image: PixelImage,
  name: string,
  severity: number,
  random: Random,
): Promise<PixelImage> {
  const { data, height, width, order } = image;
  // as MMDetection's pixels come: b first
  const at = (i: number) => (order === 'bgr' ? i : i - (i % 3) + 2 - (i % 3));
  const out = new Uint8Array(data.length);
  if (name === 'jpeg_compression') {
    const found = await jpegRoundTrip(
      Uint8Array.from(data, (_, i) => data[at(i)]),
      { height, width },
      QUALITIES[severity - 1],
    );
    for (let i = 0; i < out.length; i++) out[at(i)] = found[i];
    return { ...image, data: out };
  }
  const floats = { data: Float64Array.from(data, (_, i) => data[at(i)] / 255), height, width };
  const found = FORMULAS[name](floats, severity, random);
  for (let i = 0; i < out.length; i++) out[at(i)] = Math.trunc(found.data[i] * 255);
  return { ...image, data: out };
}
