// RoIAlign's maxima against the formula, sample by sample.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { roiAlignMax } from '../../src/ops/roi-align-max';
import { expectClose, sgn } from '../golden-data';

beforeAll(async () => void (await startEngine()));

const [H, W, C] = [6, 8, 2];
const [height, width] = [2, 3];
const ROIS = [
  [0, 3, 5, 40, 37],
  [1, 0, 0, 63, 20],
  [0, 30, 10, 36, 14],
  [1, -12, 20, 30, 70],
];
const data = sgn('maxima', [2, H, W, C]);

/** Pixels and weights of a bilinear sample. */
function sample(y: number, x: number): [number, number][] {
  if (y < -1 || y > H || x < -1 || x > W) return [];
  const along = (at: number, length: number): [number, number][] => {
    const low = Math.floor(Math.max(at, 0));
    const share = Math.max(at, 0) - low;
    return low >= length - 1
      ? [[length - 1, 1]]
      : [
          [low, 1 - share],
          [low + 1, share],
        ];
  };
  return along(y, H).flatMap(([i, wy]) => along(x, W).map(([j, wx]): [number, number] => [i * W + j, wy * wx]));
}

/** The maximum of each bin, and the gradient of the sum of all by the map. */
function byFormula(samplingRatio: number, aligned: boolean) {
  const values: number[] = [];
  const gradient = new Float32Array(data.length);
  const shift = aligned ? 0.5 : 0;
  for (const [image, ...box] of ROIS) {
    const [x1, y1, x2, y2] = box.map((v) => v / 8 - shift);
    const size = [y2 - y1, x2 - x1].map((v) => (aligned ? v : Math.max(v, 1)));
    const bin = [size[0] / height, size[1] / width];
    const count = bin.map((v) => samplingRatio || Math.ceil(v));
    for (let b = 0; b < height * width; b++) {
      const at = (start: number, k: number, axis: number, i: number) =>
        start + (k + (i + 0.5) / count[axis]) * bin[axis];
      const samples = Array.from({ length: count[0] * count[1] }, (_, s) =>
        sample(at(y1, Math.floor(b / width), 0, Math.floor(s / count[1])), at(x1, b % width, 1, s % count[1])),
      );
      for (let c = 0; c < C; c++) {
        const place = (pixel: number) => (image * H * W + pixel) * C + c;
        const sums = samples.map((taps) => taps.reduce((sum, [pixel, w]) => sum + w * data[place(pixel)], 0));
        const best = sums.indexOf(Math.max(...sums));
        values.push(sums[best]);
        for (const [pixel, w] of samples[best]) gradient[place(pixel)] += w;
      }
    }
  }
  return { values, gradient };
}

test.each([
  [2, true],
  [0, true],
  [0, false],
])('%i samples a side, aligned %s: values and gradient', (samplingRatio, aligned) => {
  const expected = byFormula(samplingRatio, aligned);
  const options = { outputSize: [height, width] as [number, number], spatialScale: 1 / 8, samplingRatio, aligned };
  tf.tidy(() => {
    const pool = (x: tf.Tensor) => roiAlignMax(x as tf.Tensor4D, tf.tensor2d(ROIS), options);
    const { value, grad } = tf.valueAndGrad((x) => tf.sum(pool(x)))(tf.tensor4d(data, [2, H, W, C]));
    expect(value.shape).toEqual([]);
    expectClose(pool(tf.tensor4d(data, [2, H, W, C])).dataSync(), expected.values, 5e-6, 'values');
    expectClose(grad.dataSync(), expected.gradient, 5e-6, 'gradient');
  });
});

test('no RoIs, and a RoI without samples', () => {
  const x = tf.ones<tf.Rank.R4>([1, 4, 4, 2]);
  const options = { outputSize: [2, 2] as [number, number], spatialScale: 1 };
  expect(roiAlignMax(x, tf.zeros([0, 5]), options).shape).toEqual([0, 2, 2, 2]);
  expect(Array.from(roiAlignMax(x, tf.tensor2d([[0, 2, 2, 2, 2]]), options).dataSync())).toEqual(Array(8).fill(0));
});
