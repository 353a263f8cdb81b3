// Corner pooling against plain loops, forward and backward.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { type CornerDirection, cornerPool } from '../../src/ops/corner-pool';

beforeAll(async () => void (await startEngine()));

const [N, H, W, C] = [2, 5, 7, 3];
/** Few different values, so that many are equal. */
const values = Float32Array.from({ length: N * H * W * C }, (_, i) => Math.round(3 * Math.sin(i * 1.7)));
const slopes = Float32Array.from(values, (_, i) => Math.cos(i));

/** The cell that each takes its value from: of equal ones the last that the scan meets. */
function sources(direction: CornerDirection, of: Float32Array): number[] {
  const vertical = direction === 'top' || direction === 'bottom';
  const step = (vertical ? W * C : C) * (direction === 'top' || direction === 'left' ? 1 : -1);
  return Array.from(of, (_, at) => {
    const place = vertical ? Math.floor(at / (W * C)) % H : Math.floor(at / C) % W;
    const cells = step > 0 ? (vertical ? H : W) - place : place + 1;
    let best = at + (cells - 1) * step;
    for (let k = cells - 2; k >= 0; k--)
      if (of[at + k * step] >= of[best] || Number.isNaN(of[at + k * step])) best = at + k * step;
    return best;
  });
}

test.each(['top', 'bottom', 'left', 'right'] as const)(
  '%s',
  (direction) =>
    void tf.tidy(() => {
      const from = sources(direction, values);
      const expected = new Float32Array(values.length);
      from.forEach((source, at) => {
        expected[source] += slopes[at];
      });
      const x = tf.tensor4d(values, [N, H, W, C]);
      const weights = tf.tensor4d(slopes, [N, H, W, C]);
      const { value, grad } = tf.valueAndGrad((t: tf.Tensor) =>
        tf.sum(tf.mul(cornerPool(t as tf.Tensor4D, direction), weights)),
      )(x);
      expect([...cornerPool(x, direction).dataSync()]).toEqual(from.map((source) => values[source]));
      expect(value.arraySync()).toBeCloseTo(
        from.reduce((sum, source, at) => sum + values[source] * slopes[at], 0),
        3,
      );
      for (const [i, g] of grad.dataSync().entries()) expect(Math.abs(g - expected[i])).toBeLessThan(1e-5);
    }),
);

test('NaN from where it appears, and a map of one cell as it is', () => {
  const row = cornerPool(tf.tensor4d([1, Number.NaN, 3, 2], [1, 1, 4, 1]), 'right');
  expect([...row.dataSync()]).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
  const one = cornerPool(tf.tensor4d([-2], [1, 1, 1, 1]), 'top');
  expect([...one.dataSync()]).toEqual([-2]);
  tf.dispose([row, one]);
});
