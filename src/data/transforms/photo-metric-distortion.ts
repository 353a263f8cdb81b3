// PhotoMetricDistortion (MMDetection 3.x; Liu et al., SSD, ECCV 2016): distorts brightness, contrast, saturation, hue and
// channel order, each with probability 0.5. Pixels become floats, which the data preprocessor accepts.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { fromHsvFloats, toHsvFloats } from '../pixels/hsv';
import type { AnyImage, PixelImage } from '../types';
import { pixelsOf, type Transform } from './sample';

const range = z.tuple([z.number().nonnegative(), z.number().nonnegative()]);
const options = z.strictObject({
  brightness_delta: z.number().nonnegative().default(32).describe('Maximum shift of brightness'),
  contrast_range: range.default([0.5, 1.5]).describe('Range of the contrast factor'),
  saturation_range: range.default([0.5, 1.5]).describe('Range of the saturation factor'),
  hue_delta: z.number().nonnegative().default(18).describe('Maximum shift of the hue, degrees'),
});
type Options = z.output<typeof options>;

/** The distortions of one image; absent ones are skipped. */
export interface Distortion {
  brightness?: number;
  contrast?: number;
  /** Change contrast after saturation and hue, else before. */
  contrastLast: boolean;
  saturation?: number;
  hue?: number;
  /** Permutation of the channels b, g, r. */
  swap?: readonly number[];
}

export function drawDistortion(o: Options, random: Random): Distortion {
  const half = () => random.integer(2) === 1;
  const distortion: Distortion = { contrastLast: half() };
  if (half()) distortion.brightness = random.uniform(-o.brightness_delta, o.brightness_delta);
  if (half()) distortion.contrast = random.uniform(...o.contrast_range);
  if (half()) distortion.saturation = random.uniform(...o.saturation_range);
  if (half()) distortion.hue = random.uniform(-o.hue_delta, o.hue_delta);
  if (half()) distortion.swap = [...random.permutation(3)];
  return distortion;
}

export function distort(image: AnyImage, d: Distortion): PixelImage<Float32Array> {
  const multiply = (data: Float32Array, by: number) => {
    for (let i = 0; i < data.length; i++) data[i] *= by;
  };
  const { width, height, order } = image;
  const data = Float32Array.from(image.data);
  if (d.brightness !== undefined) for (let i = 0; i < data.length; i++) data[i] += d.brightness;
  if (d.contrast !== undefined && !d.contrastLast) multiply(data, d.contrast);
  const planes = toHsvFloats({ data, width, height, order });
  const { h, s } = planes;
  if (d.saturation !== undefined) {
    multiply(s, d.saturation);
    if (d.saturation > 1) for (let i = 0; i < s.length; i++) s[i] = Math.min(Math.max(s[i], 0), 1);
  }
  if (d.hue !== undefined)
    for (let i = 0; i < h.length; i++) {
      h[i] += d.hue;
      if (h[i] > 360) h[i] -= 360;
      if (h[i] < 0) h[i] += 360;
    }
  const back = fromHsvFloats(planes, { width, height, order });
  if (d.contrast !== undefined && d.contrastLast) multiply(back.data, d.contrast);
  return d.swap ? swapped(back, d.swap) : back;
}

function swapped(image: PixelImage<Float32Array>, swap: readonly number[]): PixelImage<Float32Array> {
  const data = new Float32Array(image.data.length);
  const place = (c: number) => (image.order === 'bgr' ? c : 2 - c);
  for (let c = 0; c < 3; c++)
    for (let to = place(c), from = place(swap[c]); to < data.length; to += 3, from += 3) data[to] = image.data[from];
  return { ...image, data };
}

export const PhotoMetricDistortion = defineModule({
  kind: 'transform',
  type: 'PhotoMetricDistortion',
  summary: 'Random brightness, contrast, saturation, hue and channel order',
  paper: 'Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016',
  shapes: '[H, W, 3] -> [H, W, 3] float32',
  example: "{ type: 'PhotoMetricDistortion', brightness_delta: 32, hue_delta: 18 }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      sample.image = distort(pixelsOf(sample, 'PhotoMetricDistortion'), drawDistortion(o, random));
      return sample;
    },
});
