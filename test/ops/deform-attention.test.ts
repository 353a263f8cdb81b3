// Deformable attention against its authors: on the engine's kernel, on the fallback, and inside another gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { deformAttention } from '../../src/ops/deform-attention';
import { sgn } from '../golden-data';
import { type Attention, checkDeformable, nested, onFallback, reference } from './deformable';

beforeAll(async () => void (await startEngine()));

function checkAttention(want: Attention): void {
  const { n, queries, heads, width, points, shapes } = want.options;
  const area = shapes.reduce((sum, [h, w]) => sum + h * w, 0);
  const samples = heads * shapes.length * points;
  const value = [n, area, heads * width];
  const inputs = {
    value: tf.tensor(sgn('v', value), value),
    locations: tf.tensor(sgn('l', [n, queries, samples, 2], 0.62, 0.5), [n, queries, samples, 2]),
    weights: tf.tensor(sgn('a', [n, queries, samples]), [n, queries, samples]),
  };
  checkDeformable(
    (given) =>
      deformAttention(given.value as tf.Tensor3D, given.locations as tf.Tensor4D, given.weights as tf.Tensor3D, {
        shapes,
        heads,
        points,
      }),
    inputs,
    want,
  );
  tf.dispose(inputs);
}

describe.each(reference.attentions.map((want) => [JSON.stringify(want.options), want] as const))(
  'deformable attention %s',
  (_, want) => {
    test('on the engine', () => checkAttention(want));
    test('on the fallback', () => onFallback(() => checkAttention(want)));
    test('inside another gradient', () => nested(() => checkAttention(want)));
  },
);

test('shapes of attention that do not fit name what was expected', () => {
  tf.tidy(() => {
    const options = { shapes: [[2, 2]] as [number, number][], heads: 2, points: 1 };
    expect(() => deformAttention(tf.zeros([1, 5, 4]), tf.zeros([1, 1, 2, 2]), tf.zeros([1, 1, 2]), options)).toThrow(
      /expected 4 values per image, received 5/,
    );
    expect(() => deformAttention(tf.zeros([1, 4, 4]), tf.zeros([1, 1, 2, 2]), tf.zeros([1, 1, 3]), options)).toThrow(
      /expected weights \[1, Q, 2\]/,
    );
  });
});
