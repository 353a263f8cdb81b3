// The transforms of albumentations 1.3.1 that MMDetection's and MMYOLO's configs name: their options, and what they do to a
// sample. Albumentations reads MMDetection's b, g, r as r, g, b, and so do these.

import { z } from 'zod';
import type { Random } from '../../random';
import { meanBlur, medianBlur } from '../pixels/blur';
import { equalize } from '../pixels/clahe';
import { jpegRoundTrip } from '../pixels/corruptions/jpeg';
import { recolour } from '../pixels/hsv';
import { fromLab, toLab } from '../pixels/lab';
import { levels, lookUp } from '../pixels/photometric';
import type { PixelImage } from '../types';
import { shiftScaleRotate, shiftScaleRotateOptions } from './albu-geometry';
import { bytesOf, type Sample } from './sample';

const f = Math.fround;
const common = {
  p: z.number().min(0).max(1).default(0.5).describe('Probability'),
  always_apply: z.boolean().default(false).describe('Apply always, regardless of p'),
};
const odd = z.number().int().min(3);
const blur_limit = z
  .union([odd, z.tuple([odd, odd])])
  .default(7)
  .describe('Maximum kernel size, or its range');
const range = z.union([z.number(), z.tuple([z.number(), z.number()])]);
const limit = (standard: number, meaning: string) =>
  range.default(standard).describe(`${meaning}: its maximum in both directions, or its range`);
const quality = z.int().min(1).max(100);
const compression = {
  quality_lower: quality.default(99).describe('Lowest quality'),
  quality_upper: quality.default(100).describe('Highest quality'),
};

/** The transforms that act on their own; OneOf chooses among them. */
export const leafSteps = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Blur'), blur_limit, ...common }),
  z.strictObject({ type: z.literal('MedianBlur'), blur_limit, ...common }),
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
  z.strictObject({
    type: z.literal('RandomBrightnessContrast'),
    brightness_limit: limit(0.2, 'Change of the brightness'),
    contrast_limit: limit(0.2, 'Change of the contrast'),
    brightness_by_max: z.boolean().default(true).describe("Of 255; false: of the image's mean"),
    ...common,
  }),
  z.strictObject({
    type: z.literal('RGBShift'),
    r_shift_limit: limit(20, 'Added to the first channel, b of MMDetection'),
    g_shift_limit: limit(20, 'Added to green'),
    b_shift_limit: limit(20, 'Added to the last channel'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('HueSaturationValue'),
    hue_shift_limit: limit(20, 'Change of the hue in steps of two degrees'),
    sat_shift_limit: limit(30, 'Change of the saturation'),
    val_shift_limit: limit(20, 'Change of the value'),
    ...common,
  }),
  z.strictObject({ type: z.literal('JpegCompression'), ...compression, ...common }),
  z.strictObject({
    type: z.literal('ImageCompression'),
    ...compression,
    compression_type: z.literal(0).default(0).describe('Only 0: JPEG'),
    ...common,
  }),
  z.strictObject({ type: z.literal('ChannelShuffle'), ...common }),
  z.strictObject({ type: z.literal('ShiftScaleRotate'), ...shiftScaleRotateOptions, ...common }),
]);
export type LeafStep = z.output<typeof leafSteps>;

/** Index in the pixels of the channel that albumentations reads as red: MMDetection's blue. */
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

const clip = (value: number) => Math.min(Math.max(value, 0), 255);
const bounds = (given: number | [number, number]): [number, number] =>
  typeof given === 'number' ? [-given, given] : given;

function blurred(image: PixelImage, step: LeafStep & { type: 'Blur' | 'MedianBlur' }, random: Random): PixelImage {
  const [low, high] = typeof step.blur_limit === 'number' ? [3, step.blur_limit] : step.blur_limit;
  const size = low + 2 * random.integer(Math.floor((high - low) / 2) + 1);
  return step.type === 'Blur' ? meanBlur(image, size) : medianBlur(image, size);
}

type Of<T extends LeafStep['type']> = Extract<LeafStep, { type: T }>;

function changeContrast(image: PixelImage, step: Of<'RandomBrightnessContrast'>, random: Random): PixelImage {
  const alpha = 1 + random.uniform(...bounds(step.contrast_limit));
  const beta = random.uniform(...bounds(step.brightness_limit));
  const mean = () => image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
  const added = f(step.brightness_by_max ? beta * 255 : alpha * beta * mean());
  return lookUp(
    image,
    levels((i) => Math.trunc(clip(f(f(i * f(alpha)) + added)))),
  );
}

function shiftChannels(image: PixelImage, step: Of<'RGBShift'>, random: Random): PixelImage {
  const limits = [step.r_shift_limit, step.g_shift_limit, step.b_shift_limit];
  const tables = limits.map((given) => {
    const shift = f(random.uniform(...bounds(given)));
    return levels((i) => Math.trunc(clip(f(i + shift))));
  });
  return lookUp(image, red(image) === 0 ? tables : tables.reverse());
}

function shiftHue(image: PixelImage, step: Of<'HueSaturationValue'>, random: Random): PixelImage {
  const limits = [step.hue_shift_limit, step.sat_shift_limit, step.val_shift_limit];
  const [h, s, v] = limits.map((given) => random.uniform(...bounds(given)));
  if (h === 0 && s === 0 && v === 0) return image;
  const shifted = recolour(
    { ...image, order: image.order === 'bgr' ? 'rgb' : 'bgr' },
    {
      h: levels((i) => Math.trunc((((i + h) % 180) + 180) % 180)),
      s: levels((i) => Math.trunc(clip(i + s))),
      v: levels((i) => Math.trunc(clip(i + v))),
    },
  );
  return { ...shifted, order: image.order };
}

async function compressed(image: PixelImage, step: Of<'JpegCompression' | 'ImageCompression'>, random: Random) {
  const { quality_lower: low, quality_upper: high } = step;
  const swap = (data: Uint8Array) =>
    image.order === 'rgb' ? data : data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]);
  const found = await jpegRoundTrip(swap(image.data), image, low + random.integer(high - low + 1));
  return { ...image, data: swap(found) };
}

function shuffled(image: PixelImage, random: Random): PixelImage {
  const order = random.permutation(3);
  const data = new Uint8Array(image.data.length);
  const at = (c: number) => (red(image) === 0 ? c : 2 - c);
  for (let i = 0; i < data.length; i += 3) for (let c = 0; c < 3; c++) data[i + at(c)] = image.data[i + at(order[c])];
  return { ...image, data };
}

/** The sample after a transform; the numbers are drawn in albumentations' order. */
export async function applyLeaf(sample: Sample, step: LeafStep, random: Random): Promise<Sample> {
  const image = bytesOf(sample, 'Albu');
  const changed = async (): Promise<PixelImage> => {
    switch (step.type) {
      case 'Blur':
      case 'MedianBlur':
        return blurred(image, step, random);
      case 'ToGray':
        return toGray(image);
      case 'CLAHE': {
        const [low, high] = typeof step.clip_limit === 'number' ? [1, step.clip_limit] : step.clip_limit;
        return equalizeLightness(image, random.uniform(low, high));
      }
      case 'RandomBrightnessContrast':
        return changeContrast(image, step, random);
      case 'RGBShift':
        return shiftChannels(image, step, random);
      case 'HueSaturationValue':
        return shiftHue(image, step, random);
      case 'JpegCompression':
      case 'ImageCompression':
        return compressed(image, step, random);
      case 'ChannelShuffle':
        return shuffled(image, random);
      case 'ShiftScaleRotate':
        return image;
    }
  };
  if (step.type === 'ShiftScaleRotate') return shiftScaleRotate(sample, step, random);
  return { ...sample, image: await changed() };
}
