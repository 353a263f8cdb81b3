import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { type AxisMap, alignedAxis } from '../../src/masks';
import { alignedBilinear } from '../../src/ops';

beforeAll(async () => void (await startEngine()));

const at = ({ start, weights, taps }: AxisMap, i: number, read: (k: number) => number) => {
  let sum = 0;
  for (let k = 0; k < taps; k++) if (weights[i * taps + k] !== 0) sum += weights[i * taps + k] * read(start[i] + k);
  return sum;
};

test.each([1, 2, 3, 4])('by %i: the same map as that of masks, axis by axis; every pixel has a gradient', (factor) => {
  const [h, w] = [3, 4];
  const values = Float32Array.from({ length: h * w }, (_, i) => Math.sin(3 * i));
  const [rows, columns] = [alignedAxis(h, factor), alignedAxis(w, factor)];
  const expected = Array.from({ length: factor * h }, (_, y) =>
    Array.from({ length: factor * w }, (_x, x) => at(rows, y, (r) => at(columns, x, (c) => values[r * w + c]))),
  );
  tf.tidy(() => {
    const map = tf.tensor4d(values, [1, h, w, 1]);
    const large = alignedBilinear(map, factor);
    expect(large.shape).toEqual([1, factor * h, factor * w, 1]);
    for (const [i, v] of large.dataSync().entries()) expect(v).toBeCloseTo(expected.flat()[i], 5);
    const [gradient] = tf.grads((x) => tf.sum(alignedBilinear(x as tf.Tensor4D, factor)))([map]);
    expect(gradient.sum().arraySync()).toBeCloseTo(factor * h * factor * w, 3);
    expect(gradient.min().arraySync()).toBeGreaterThan(0);
  });
});
