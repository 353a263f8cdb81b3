// PPYOLOERandomDistort (MMYOLO, after PaddleDetection): brightness, contrast, saturation and hue in random order. Pixels become
// floats, which the data preprocessor accepts. As there, the hue's bounds are multiples of pi in a rotation of the IQ plane.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import type { AnyImage, PixelImage } from '../types';
import { pixelsOf, type Transform } from './sample';

const rangeOption = (min: number, max: number, meaning: string) =>
  z
    .strictObject({ min: z.number(), max: z.number(), prob: z.number().min(0).max(1) })
    .default({ min, max, prob: 0.5 })
    .describe(`${meaning}: range and probability`);

const options = z.strictObject({
  hue_cfg: rangeOption(-18, 18, 'Rotation of the hue, multiples of pi'),
  saturation_cfg: rangeOption(0.5, 1.5, 'Factor of the saturation'),
  contrast_cfg: rangeOption(0.5, 1.5, 'Factor of the values'),
  brightness_cfg: rangeOption(0.5, 1.5, 'Added to the values'),
  num_distort_func: z.int().min(1).max(4).default(4).describe('How many of the four are tried'),
});
type Options = z.output<typeof options>;
type Range = Options['hue_cfg'];
type Values = Float32Array | Float64Array;

/** Rows for b, g, r. */
const TO_YIQ = [
  [0.114, 0.587, 0.299],
  [-0.321, -0.274, 0.596],
  [0.311, -0.523, 0.211],
];
const FROM_YIQ = [
  [1, -1.107, 1.705],
  [1, -0.272, -0.647],
  [1, 0.956, 0.621],
];

const product = (a: readonly number[][], b: readonly number[][]): number[][] =>
  a.map((row) => b[0].map((_, c) => row.reduce((sum, value, k) => sum + value * b[k][c], 0)));

/** The values, b, g, r of each pixel, after a rotation of their hue; in double precision from here on. */
function rotateHue(values: Values, delta: number): Float64Array {
  const [u, w] = [Math.cos(delta * Math.PI), Math.sin(delta * Math.PI)];
  const rotation = [
    [1, 0, 0],
    [0, u, -w],
    [0, w, u],
  ];
  const m = product(product(FROM_YIQ, rotation), TO_YIQ);
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 3)
    for (let c = 0; c < 3; c++) out[i + c] = m[c][0] * values[i] + m[c][1] * values[i + 1] + m[c][2] * values[i + 2];
  return out;
}

function saturate(values: Values, delta: number): Values {
  const single = values instanceof Float32Array;
  const [f, weights] = [single ? Math.fround : (v: number) => v, TO_YIQ[0].map(Math.fround)];
  for (let i = 0; i < values.length; i += 3) {
    const sum = f(f(f(values[i] * weights[0]) + f(values[i + 1] * weights[1])) + f(values[i + 2] * weights[2]));
    const gray = f(sum * f(1 - delta));
    for (let c = 0; c < 3; c++) values[i + c] = f(values[i + c] * f(delta)) + gray;
  }
  return values;
}

const changed = (values: Values, change: (value: number) => number): Values => {
  for (let i = 0; i < values.length; i++) values[i] = change(values[i]);
  return values;
};
const precision = (values: Values, delta: number) => (values instanceof Float32Array ? Math.fround(delta) : delta);

export function distortRandomly(image: AnyImage, o: Options, random: Random): PixelImage<Float32Array> {
  const drawn = ({ min, max, prob }: Range) => (random.uniform() >= prob ? undefined : random.uniform(min, max));
  const steps: [Range, (values: Values, delta: number) => Values][] = [
    [o.brightness_cfg, (v, delta) => changed(v, (value) => value + precision(v, delta))],
    [o.contrast_cfg, (v, delta) => changed(v, (value) => value * precision(v, delta))],
    [o.saturation_cfg, saturate],
    [o.hue_cfg, rotateHue],
  ];
  let values: Values = inBgr(image.data, image.order);
  // all are permuted, then some left out
  for (const i of random.permutation(steps.length).subarray(0, o.num_distort_func)) {
    const [range, apply] = steps[i];
    const delta = drawn(range);
    if (delta !== undefined) values = apply(values, delta);
  }
  return { ...image, data: inBgr(values, image.order) };
}

/** A copy in the channel order b, g, r, or back from it. */
function inBgr(values: ArrayLike<number>, order: PixelImage['order']): Float32Array {
  const out = Float32Array.from(values);
  if (order === 'rgb') for (let i = 0; i < out.length; i += 3) [out[i], out[i + 2]] = [out[i + 2], out[i]];
  return out;
}

export const PPYOLOERandomDistort = defineModule({
  kind: 'transform',
  type: 'PPYOLOERandomDistort',
  summary: 'Random brightness, contrast, saturation and hue in random order',
  paper: 'Xu et al., PP-YOLOE: An Evolved Version of YOLO, 2022',
  shapes: '[H, W, 3] -> [H, W, 3] float32',
  example: "{ type: 'PPYOLOERandomDistort' }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      sample.image = distortRandomly(pixelsOf(sample, 'PPYOLOERandomDistort'), o, random);
      return sample;
    },
});
