// DetConv2D and its gradients against sums in float64, for shapes at the edges of the engine's algorithms: odd sizes, maps of one
// pixel, strides, dilations, groups, channels beside whole vectors, slices that are read where they are. Operands are eighths, which
// bfloat16 holds, so that only sums and results are rounded.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engine, type Precision, startEngine } from '../../../src/engine';
import { Random } from '../../../src/random';
import { runKernel } from '../../engine/torch/parity';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type Sizes = [number, number, number, number];

interface Shape {
  /** N, H, W and channels of the map. */
  x: Sizes;
  outputs: number;
  kernel: [number, number];
  strides: [number, number];
  padding: [number, number];
  dilations: [number, number];
  groups: number;
}

const shapeOf = (x: Sizes, outputs: number, over: Partial<Shape> = {}): Shape => ({
  x,
  outputs,
  kernel: [3, 3],
  strides: [1, 1],
  padding: [1, 1],
  dilations: [1, 1],
  groups: 1,
  ...over,
});

const count = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

const eighths = (sizes: readonly number[], random: Random): Float32Array =>
  Float32Array.from({ length: count(sizes) }, () => Math.round(random.uniform(-8, 8)) / 8);

/** A value and the place of it in a flat array. */
type Reference = (place: number) => number;

/** Values of the map `data` of `sizes`, zero outside. */
const reader =
  (data: Float32Array, [, h, w, c]: Sizes) =>
  (n: number, v: number, u: number, k: number) =>
    v < 0 || u < 0 || v >= h || u >= w ? 0 : data[((n * h + v) * w + u) * c + k];

/** The four indices of a place. */
const indices = (place: number, [, b, c, d]: Sizes): Sizes => [
  Math.floor(place / (b * c * d)),
  Math.floor(place / (c * d)) % b,
  Math.floor(place / d) % c,
  place % d,
];

/** The result and the gradients of a convolution at a place, summed in float64. */
function references(s: Shape, out: Sizes, x: Float32Array, filter: Float32Array, bias: Float32Array, dy: Float32Array) {
  const [kh, kw] = s.kernel;
  const inner = s.x[3] / s.groups;
  const perGroup = s.outputs / s.groups;
  const filterSizes: Sizes = [kh, kw, inner, s.outputs];
  const xAt = reader(x, s.x);
  const dyAt = reader(dy, out);
  const tap = (a: number, b: number, i: number, o: number) => filter[((a * kw + b) * inner + i) * s.outputs + o];
  const row = (r: number, a: number) => r * s.strides[0] + a * s.dilations[0] - s.padding[0];
  const column = (c: number, b: number) => c * s.strides[1] + b * s.dilations[1] - s.padding[1];
  const y: Reference = (place) => {
    const [n, r, c, o] = indices(place, out);
    const first = Math.floor(o / perGroup) * inner;
    let sum = bias[o];
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++)
        for (let i = 0; i < inner; i++) sum += xAt(n, row(r, a), column(c, b), first + i) * tap(a, b, i, o);
    return sum;
  };
  const dx: Reference = (place) => {
    const [n, v, u, k] = indices(place, s.x);
    const group = Math.floor(k / inner);
    let sum = 0;
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        const r = (v + s.padding[0] - a * s.dilations[0]) / s.strides[0];
        const c = (u + s.padding[1] - b * s.dilations[1]) / s.strides[1];
        if (!Number.isInteger(r) || !Number.isInteger(c)) continue;
        for (let o = group * perGroup; o < (group + 1) * perGroup; o++)
          sum += dyAt(n, r, c, o) * tap(a, b, k % inner, o);
      }
    return sum;
  };
  const dFilter: Reference = (place) => {
    const [a, b, i, o] = indices(place, filterSizes);
    const channel = Math.floor(o / perGroup) * inner + i;
    let sum = 0;
    for (let n = 0; n < out[0]; n++)
      for (let r = 0; r < out[1]; r++)
        for (let c = 0; c < out[2]; c++) sum += dyAt(n, r, c, o) * xAt(n, row(r, a), column(c, b), channel);
    return sum;
  };
  const dBias: Reference = (o) => dy.reduce((sum, value, place) => (place % s.outputs === o ? sum + value : sum), 0);
  return { y, dx, dFilter, dBias };
}

/** Checks some values of a result, `low` of which are rounded to bfloat16. */
function check(name: string, actual: tf.Tensor, reference: Reference, low: boolean, random: Random): void {
  const found = actual.dataSync();
  const places = Array.from({ length: 24 }, () => Math.floor(random.uniform(0, found.length)));
  places.push(0, found.length - 1);
  const expected = places.map(reference);
  const scale = Math.max(1, ...expected.map(Math.abs));
  places.forEach((place, k) => {
    const error = Math.abs(found[place] - expected[k]);
    if (!(error <= 3e-5 * scale + (low ? Math.abs(expected[k]) / 256 : 0)))
      throw new Error(`${name}, element ${place}: expected ${expected[k]}, received ${found[place]}`);
  });
}

const outputSizes = (s: Shape): Sizes => {
  const size = (axis: 0 | 1) =>
    Math.floor((s.x[1 + axis] + 2 * s.padding[axis] - s.dilations[axis] * (s.kernel[axis] - 1) - 1) / s.strides[axis]) +
    1;
  return [s.x[0], size(0), size(1), s.outputs];
};

/** The result and every gradient of a shape. With `sliced`, the map and its gradient are channels of wider ones. */
function verify(s: Shape, precision: Precision, sliced: boolean, seed: number): void {
  const random = Random.seeded(seed);
  const out = outputSizes(s);
  const filterSizes: Sizes = [...s.kernel, s.x[3] / s.groups, s.outputs];
  const [x, filter, bias, dy] = [s.x, filterSizes, [s.outputs], out].map((sizes) => eighths(sizes, random));
  const expected = references(s, out, x, filter, bias, dy);
  const { strides, padding, dilations, groups } = s;
  const attrs = { strides, padding, dilations, groups, activation: 'linear' };
  const beside = ([n, h, w]: Sizes, channels: number) => tf.ones<tf.Rank.R4>([n, h, w, channels]);
  tf.tidy(() => {
    const convolution = (...[map, kernel, offset]: tf.Tensor[]) => {
      const read = sliced ? tf.slice(tf.concat([beside(s.x, 3), map, beside(s.x, 2)], 3), [0, 0, 0, 3], s.x) : map;
      const y = runKernel<tf.Tensor4D>('DetConv2D', { x: read, filter: kernel, bias: offset }, attrs);
      return sliced ? tf.concat([beside(out, 2), y, beside(out, 1)], 3) : y;
    };
    const inputs = [tf.tensor(x, s.x), tf.tensor(filter, filterSizes), tf.tensor1d(bias)];
    const gradient = tf.tensor(dy, out) as tf.Tensor4D;
    const wide = sliced ? tf.concat([beside(out, 2), gradient, beside(out, 1)], 3) : gradient;
    const run = () => ({ y: convolution(...inputs), gradients: tf.grads(convolution)(inputs, wide) });
    const { y, gradients } = precision === 'float32' ? run() : engine().autocast(precision, run);
    const low = precision === 'bfloat16';
    const result = sliced ? tf.slice(y, [0, 0, 0, 2], out) : y;
    check('result', result, expected.y, low, random);
    check('gradient of the map', gradients[0], expected.dx, low, random);
    check('gradient of the filter', gradients[1], expected.dFilter, low, random);
    check('gradient of the bias', gradients[2], expected.dBias, low, random);
  });
}

/** Shapes that choose each algorithm, and those beside the limits between them. */
const CASES: Record<string, Shape> = {
  'Winograd, few tiles': shapeOf([1, 19, 18, 70], 33),
  'Winograd, few tiles in several images of odd size': shapeOf([5, 7, 9, 66], 130, { padding: [1, 0] }),
  'Winograd, a filter gradient alone': shapeOf([2, 21, 23, 40], 37, { padding: [2, 1] }),
  'Winograd, tiles shared': shapeOf([1, 45, 42, 33], 17),
  'Winograd, tiles in chunks': shapeOf([2, 30, 29, 131], 134),
  'too few tiles': shapeOf([3, 8, 9, 64], 64),
  'one pixel': shapeOf([2, 1, 1, 34], 18),
  'one pixel, 1x1': shapeOf([3, 1, 1, 34], 18, { kernel: [1, 1], padding: [0, 0] }),
  'a row of pixels': shapeOf([1, 1, 37, 20], 24),
  'a column of pixels': shapeOf([1, 37, 1, 20], 24, { strides: [2, 1] }),
  '1x1, odd channels': shapeOf([2, 9, 11, 37], 21, { kernel: [1, 1], padding: [0, 0] }),
  '1x1, odd output channels': shapeOf([2, 9, 11, 38], 21, { kernel: [1, 1], padding: [0, 0] }),
  '1x1, stride': shapeOf([2, 10, 13, 36], 22, { kernel: [1, 1], padding: [0, 0], strides: [3, 2] }),
  '1x1, padding': shapeOf([1, 5, 6, 32], 16, { kernel: [1, 1], strides: [2, 2] }),
  'wide rows, stride': shapeOf([1, 3, 521, 18], 35, { strides: [2, 2] }),
  'stride, one channel': shapeOf([2, 17, 19, 1], 33, { kernel: [5, 3], strides: [2, 2], padding: [2, 1] }),
  'one output channel': shapeOf([2, 17, 19, 48], 1),
  'depthwise, stride': shapeOf([2, 17, 19, 24], 24, { strides: [2, 2], groups: 24 }),
  groups: shapeOf([2, 18, 20, 48], 32, { groups: 4 }),
};

describe.each(['float32', 'bfloat16'] as Precision[])('%s', (precision) => {
  it.each(Object.entries(CASES))('%s', (_, shape) => {
    verify(shape, precision, false, 1);
    verify(shape, precision, true, 2);
  });

  it('random shapes', () => {
    const random = Random.seeded(17);
    const from = (low: number, high: number) => low + Math.floor(random.uniform(0, high - low + 1));
    for (let k = 0; k < 60; k++) {
      const groups = random.uniform(0, 1) < 0.2 ? from(2, 4) : 1;
      const pair = (low: number, high: number): [number, number] => [from(low, high), from(low, high)];
      const shape: Shape = {
        x: [from(1, 3), from(1, 24), from(1, 24), groups * from(1, groups > 1 ? 20 : 70)],
        outputs: groups * from(1, groups > 1 ? 20 : 70),
        kernel: random.uniform(0, 1) < 0.5 ? [3, 3] : pair(1, 5),
        strides: random.uniform(0, 1) < 0.5 ? [1, 1] : pair(1, 3),
        padding: pair(0, 2),
        dilations: random.uniform(0, 1) < 0.8 ? [1, 1] : pair(1, 2),
        groups,
      };
      if (Math.min(...outputSizes(shape)) < 1) continue;
      try {
        verify(shape, precision, k % 3 === 0, k);
      } catch (error) {
        throw new Error(`${JSON.stringify(shape)}: ${(error as Error).message}`);
      }
    }
  });

  it('NaN and infinity reach what depends on them, and no other image', () => {
    for (const shape of [
      CASES['Winograd, few tiles in several images of odd size'],
      CASES['1x1, stride'],
      CASES['1x1, odd channels'],
      shapeOf([2, 17, 19, 18], 20, { strides: [2, 2] }),
    ])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const { strides, padding, dilations, groups } = shape;
        const attrs = { strides, padding, dilations, groups, activation: 'relu' };
        const filterSizes: Sizes = [...shape.kernel, shape.x[3], shape.outputs];
        const x = eighths(shape.x, Random.seeded(1));
        x[0] = value;
        const filter = eighths(filterSizes, Random.seeded(2)).map((v) => Math.abs(v) + 1);
        const run = () =>
          runKernel<tf.Tensor>(
            'DetConv2D',
            { x: tf.tensor(x, shape.x), filter: tf.tensor(filter, filterSizes) },
            attrs,
          );
        const y = tf.tidy(() => (precision === 'float32' ? run() : engine().autocast(precision, run)));
        const found = y.dataSync();
        // Winograd's sums turn infinity into NaN
        for (let o = 0; o < shape.outputs; o++) expect(Number.isFinite(found[o])).toBe(false);
        const image = found.length / shape.x[0];
        expect(found.slice(image).every(Number.isFinite)).toBe(true);
        y.dispose();
      }
  });
});

it('refuses a filter that is larger than the padded map', () => {
  const x = tf.ones([8, 2, 40, 4]);
  const filter = tf.ones([3, 3, 4, 6]);
  const attrs = { strides: [2, 2], padding: [0, 1], dilations: [1, 1], groups: 1, activation: 'linear' };
  expect(() => runKernel('DetConv2D', { x, filter }, attrs)).toThrow(/3.*larger than.*2/s);
});
