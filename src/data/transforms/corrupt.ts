// Corrupt (MMDetection 3.x, imagecorruptions 1.1.2; Hendrycks and Dietterich, ICLR 2019): noise, blur, weather and digital
// artefacts in five strengths. As there, the channels are in the order b, g, r, and values are truncated to 8 bits. Frost needs the
// photographs that imagecorruptions has beside its code: `frost_dir` is their folder, and without it frost is refused.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { imageDecoder } from '../loading/image-decoder';
import { defocusBlur, gaussianBlur, glassBlur, integerOffsets, motionBlur, zoomBlur } from '../pixels/corruptions/blur';
import { brightness, contrast, elasticTransform, pixelate, saturate } from '../pixels/corruptions/digital';
import type { FloatImage } from '../pixels/corruptions/float-image';
import { FROST_FILES, frost } from '../pixels/corruptions/frost';
import { jpegRoundTrip, QUALITIES } from '../pixels/corruptions/jpeg';
import {
  gaussianNoise,
  impulseNoise,
  normalDraws,
  poissonDraws,
  shotNoise,
  speckleNoise,
} from '../pixels/corruptions/noise';
import { spatter } from '../pixels/corruptions/spatter';
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

/** Those that compute in levels from 0 to 255, before they are truncated. */
const IN_LEVELS: Record<string, (bytes: Uint8Array, strength: Strength) => Promise<ArrayLike<number>>> = {
  jpeg_compression: (bytes, { severity, size }) => jpegRoundTrip(bytes, size, QUALITIES[severity - 1]),
  spatter: async (bytes, { severity, size, random }) => spatter(bytes, size, severity, () => random.normal()),
  frost: async (bytes, { severity, size, random, frostDir }) => {
    const texture = await frostImage(frostDir, random.integer(FROST_FILES.length));
    return frost(bytes, size, severity, texture, (limit) => random.integer(limit));
  },
};

interface Strength {
  severity: number;
  random: Random;
  size: { height: number; width: number };
  frostDir?: string;
}

export const FROST_NEEDED =
  'it needs photographs of frost, which are not here. Give the folder "frost" of the Python package imagecorruptions ' +
  '(pip install imagecorruptions), with frost1.png to frost5.jpg';

async function frostImage(folder: string | undefined, which: number): Promise<PixelImage> {
  if (folder === undefined) throw new DetLabError(`Cannot corrupt an image by frost: ${FROST_NEEDED}, as frost_dir`);
  const file = `${folder.replace(/\/+$/, '')}/${FROST_FILES[which]}`;
  let image: PixelImage;
  try {
    image = await imageDecoder()(file, file, 'cv2');
  } catch (error) {
    throw new DetLabError(
      `Cannot corrupt an image by frost: ${(error as Error).message}: ${FROST_NEEDED}, as frost_dir`,
    );
  }
  if (image.order !== 'bgr') return image;
  const data = Uint8Array.from(image.data, (_, i) => image.data[i - (i % 3) + 2 - (i % 3)]);
  return { ...image, data, order: 'rgb' };
}

/** The corruptions that there are. */
export const CORRUPTIONS = [...Object.keys(FORMULAS), ...Object.keys(IN_LEVELS)];

/** MMDetection's groups without frost, which `withFrost` adds. */
export const CORRUPTION_GROUPS: Readonly<Record<string, readonly string[]>> = {
  benchmark: CORRUPTIONS.filter(
    (name) => !['speckle_noise', 'gaussian_blur', 'spatter', 'saturate', 'frost'].includes(name),
  ),
  noise: ['gaussian_noise', 'shot_noise', 'impulse_noise'],
  blur: ['defocus_blur', 'glass_blur', 'motion_blur', 'zoom_blur'],
  weather: ['snow', 'fog', 'brightness'],
  digital: ['contrast', 'elastic_transform', 'pixelate', 'jpeg_compression'],
  holdout: ['speckle_noise', 'gaussian_blur', 'spatter', 'saturate'],
  all: CORRUPTIONS.filter((name) => name !== 'frost'),
};

/** The groups that have frost where its photographs are there. */
export const FROSTED_GROUPS = ['benchmark', 'weather', 'all'];

export const Corrupt = defineModule({
  kind: 'transform',
  type: 'Corrupt',
  summary: 'Corrupts the image by noise, blur, weather or digital artefacts',
  paper:
    'Hendrycks and Dietterich, Benchmarking Neural Network Robustness, ICLR 2019; Michaelis et al., arXiv:1907.07484',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'Corrupt', corruption: 'gaussian_noise', severity: 3 }",
  options: z
    .strictObject({
      corruption: z
        .string()
        .refine((name) => CORRUPTIONS.includes(name), `expected one of ${CORRUPTIONS.join(', ')}`)
        .describe(`One of ${CORRUPTIONS.join(', ')}`),
      severity: z.int().min(1).max(5).default(1).describe('Strength, 1 to 5'),
      frost_dir: z
        .string()
        .min(1)
        .optional()
        .describe('Of frost: the folder with frost1.png to frost5.jpg, of the Python package imagecorruptions'),
    })
    .refine(({ corruption, frost_dir }) => corruption !== 'frost' || frost_dir !== undefined, {
      path: ['frost_dir'],
      message: FROST_NEEDED,
    }),
  build:
    ({ corruption, severity, frost_dir: frostDir }): Transform =>
    async (sample, random) => {
      const image = bytesOf(sample, 'Corrupt');
      sample.image = await corrupted(image, corruption, severity, random, frostDir);
      return sample;
    },
});

/** The image with a corruption. @param frostDir folder of the photographs of frost */
export async function corrupted(
  image: PixelImage,
  name: string,
  severity: number,
  random: Random,
  frostDir?: string,
): Promise<PixelImage> {
  const { data, height, width, order } = image;
  // as MMDetection's pixels come: b first
  const at = (i: number) => (order === 'bgr' ? i : i - (i % 3) + 2 - (i % 3));
  const out = new Uint8Array(data.length);
  const inLevels = Object.hasOwn(IN_LEVELS, name) ? IN_LEVELS[name] : undefined;
  if (inLevels) {
    const bytes = Uint8Array.from(data, (_, i) => data[at(i)]);
    const found = await inLevels(bytes, { severity, random, size: { height, width }, frostDir });
    for (let i = 0; i < out.length; i++) out[at(i)] = Math.trunc(found[i]);
    return { ...image, data: out };
  }
  const floats = { data: Float64Array.from(data, (_, i) => data[at(i)] / 255), height, width };
  const found = FORMULAS[name](floats, severity, random);
  for (let i = 0; i < out.length; i++) out[at(i)] = Math.trunc(found.data[i] * 255);
  return { ...image, data: out };
}
