// YOLOXHSVRandomAug (MMDetection 3.x) shifts hue, saturation and value by integer steps; YOLOv5HSVRandomAug (MMYOLO) scales
// them. Both use OpenCV's 8-bit HSV: hue in steps of two degrees.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { type HsvPlanes, recolour } from '../pixels/hsv';
import { bytesOf, type Transform } from './sample';

const part = z.number().nonnegative();

/** A look-up table of a plane. */
const table = (value: (i: number) => number) => {
  const values = new Uint8Array(256);
  for (let i = 0; i < 256; i++) values[i] = value(i);
  return values;
};
const clip = (value: number) => Math.min(Math.max(value, 0), 255);

/** Shifts hue (modulo 180), saturation and value by integer steps. */
export const shiftTables = ([h, s, v]: readonly number[]): HsvPlanes => ({
  h: table((i) => (((i + h) % 180) + 180) % 180),
  s: table((i) => clip(i + s)),
  v: table((i) => clip(i + v)),
});

/** Multiplies hue, saturation and value by factors; products are truncated. */
export const gainTables = ([h, s, v]: readonly number[]): HsvPlanes => ({
  h: table((i) => Math.trunc((i * h) % 180)),
  s: table((i) => Math.trunc(clip(i * s))),
  v: table((i) => Math.trunc(clip(i * v))),
});

export const drawShifts = (deltas: readonly number[], random: Random): number[] => {
  const shifts = deltas.map((delta) => random.uniform(-1, 1) * delta);
  return shifts.map((shift) => Math.trunc(shift * random.integer(2)));
};

export const YOLOXHSVRandomAug = defineModule({
  kind: 'transform',
  type: 'YOLOXHSVRandomAug',
  summary: 'Shifts hue, saturation and value by random steps',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'YOLOXHSVRandomAug' }",
  options: z.strictObject({
    hue_delta: part.default(5).describe('Maximum shift of the hue, steps of two degrees'),
    saturation_delta: part.default(30).describe('Maximum shift of the saturation, of 255'),
    value_delta: part.default(30).describe('Maximum shift of the value, of 255'),
  }),
  build: ({ hue_delta, saturation_delta, value_delta }): Transform => {
    const deltas = [hue_delta, saturation_delta, value_delta];
    return (sample, random) => {
      sample.image = recolour(bytesOf(sample, 'YOLOXHSVRandomAug'), shiftTables(drawShifts(deltas, random)));
      return sample;
    };
  },
});

export const YOLOv5HSVRandomAug = defineModule({
  kind: 'transform',
  type: 'YOLOv5HSVRandomAug',
  summary: 'Multiplies hue, saturation and value by random factors',
  origin: 'MMYOLO',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'YOLOv5HSVRandomAug', hue_delta: 0.015, saturation_delta: 0.7, value_delta: 0.4 }",
  options: z.strictObject({
    hue_delta: part.default(0.015).describe('Maximum deviation of the hue factor from 1'),
    saturation_delta: part.default(0.7).describe('Maximum deviation of the saturation factor from 1'),
    value_delta: part.default(0.4).describe('Maximum deviation of the value factor from 1'),
  }),
  build: ({ hue_delta, saturation_delta, value_delta }): Transform => {
    const deltas = [hue_delta, saturation_delta, value_delta];
    return (sample, random) => {
      const gains = deltas.map((delta) => 1 + random.uniform(-1, 1) * delta);
      sample.image = recolour(bytesOf(sample, 'YOLOv5HSVRandomAug'), gainTables(gains));
      return sample;
    };
  },
});
