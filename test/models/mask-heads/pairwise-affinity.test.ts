// Against the formula in float64: two pixels have one label with probability p q + (1 - p) (1 - q).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { neighbours, pairwiseAffinity } from '../../../src/models/mask-heads/pairwise-affinity';

beforeAll(async () => void (await startEngine()));

test('the neighbours of a window, row by row, without its centre', () => {
  expect(neighbours(3, 2)).toEqual([
    [-2, -2],
    [-2, 0],
    [-2, 2],
    [0, -2],
    [0, 2],
    [2, -2],
    [2, 0],
    [2, 2],
  ]);
});

test.each(neighbours(3, 1))('the neighbour at %i, %i; beyond the map both labels are certain', (dy, dx) => {
  const logits = [
    [0.5, -2, 3],
    [60, -60, 0],
  ];
  const expected = logits.map((row, y) =>
    row.map((logit, x) => {
      const other = logits[y + dy]?.[x + dx];
      const s = (v: number) => 1 / (1 + Math.exp(-v));
      if (other === undefined) return -Math.log(s(logit) + s(-logit));
      return -Math.log(s(logit) * s(other) + s(-logit) * s(-other));
    }),
  );
  tf.tidy(() => {
    const found = pairwiseAffinity(tf.tensor3d([logits]), [dy, dx]);
    for (const [i, v] of found.dataSync().entries()) expect(v).toBeCloseTo(expected.flat()[i], 4);
    const gradient = tf.grad((x) => tf.sum(pairwiseAffinity(x as tf.Tensor3D, [dy, dx])))(tf.tensor3d([logits]));
    expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  });
});
