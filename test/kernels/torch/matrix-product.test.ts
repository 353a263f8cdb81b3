// Large matrix products of the torch engine against sums in float64: values, gradients, and gradients of gradients.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { values, weigh } from '../../engine/torch/parity';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});

type Matrix = { data: ArrayLike<number>; rows: number; columns: number; transposed?: boolean };
const at = (m: Matrix, r: number, c: number) => (m.transposed ? m.data[c * m.rows + r] : m.data[r * m.columns + c]);

function reference(a: Matrix, b: Matrix): Float64Array {
  const result = new Float64Array(a.rows * b.columns);
  for (let r = 0; r < a.rows; r++)
    for (let k = 0; k < a.columns; k++)
      for (let c = 0; c < b.columns; c++) result[r * b.columns + c] += at(a, r, k) * at(b, k, c);
  return result;
}

function near(actual: tf.Tensor, expected: Float64Array): void {
  const found = actual.dataSync();
  const scale = Math.hypot(...expected.subarray(0, 1000)) / Math.sqrt(Math.min(1000, expected.length));
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(found[i] - expected[i]));
  expect(found.length).toBe(expected.length);
  expect(worst / scale).toBeLessThan(1e-5);
}

// no size is a whole multiple of a block, a tile or a vector; the last is deeper than a block
const SIZES = [
  [131, 277, 133],
  [17, 531, 533],
  [601, 40, 179],
  [61, 1061, 71],
];

for (const [m, k, n] of SIZES)
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])
    it(`[${m}, ${k}] x [${k}, ${n}]${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`, () => {
      tf.tidy(() => {
        const a = values(transposeA ? [k, m] : [m, k], 1) as tf.Tensor2D;
        const b = values(transposeB ? [n, k] : [k, n], 2) as tf.Tensor2D;
        const left: Matrix = { data: a.dataSync(), rows: m, columns: k, transposed: transposeA };
        const right: Matrix = { data: b.dataSync(), rows: k, columns: n, transposed: transposeB };
        const bias = values([n], 3);
        const y = tf.fused.matMul({ a, b, transposeA, transposeB, bias, activation: 'relu' });
        const sums = reference(left, right);
        const offsets = bias.dataSync();
        near(
          y,
          sums.map((v, i) => Math.max(0, v + offsets[i % n])),
        );
        // d(sum of w * y) / da = w b^T; weigh's weights are the gradient by y
        const w = tf
          .grad((t) => weigh(t))(tf.zeros([m, n]))
          .dataSync();
        const [da, db] = tf.grads((p, q) => weigh(tf.matMul(p, q, transposeA, transposeB)))([a, b]);
        const weights: Matrix = { data: w, rows: m, columns: n };
        const flip = (x: Matrix): Matrix => ({ ...x, rows: x.columns, columns: x.rows, transposed: !x.transposed });
        near(transposeA ? tf.transpose(da) : da, reference(weights, flip(right)));
        near(transposeB ? tf.transpose(db) : db, reference(flip(left), weights));
      });
    });

it('has second derivatives', () => {
  tf.tidy(() => {
    const [a, b] = [values([131, 277], 1), values([277, 133], 2)] as tf.Tensor2D[];
    // f = |a b|^2 / 2 has the gradient a b b^T; the gradient of its sum, with ones for the outer weights, is 1 b b^T
    const inner = (x: tf.Tensor) => tf.grad((t) => tf.mul(0.5, tf.sum(tf.square(tf.matMul(t as tf.Tensor2D, b)))))(x);
    const second = tf.grad((x) => tf.sum(inner(x)))(a);
    const right: Matrix = { data: b.dataSync(), rows: 277, columns: 133 };
    const ones: Matrix = { data: new Float32Array(131 * 277).fill(1), rows: 131, columns: 277 };
    const first: Matrix = { data: reference(ones, right), rows: 131, columns: 133 };
    near(second, reference(first, { ...right, rows: 133, columns: 277, transposed: true }));
  });
});

it('passes NaN on, and only to its row', () => {
  tf.tidy(() => {
    const data = new Float32Array(131 * 277).fill(1);
    data[3 * 277 + 9] = Number.NaN;
    const y = tf.matMul(tf.tensor2d(data, [131, 277]), tf.ones([277, 133])).dataSync();
    expect(y.findIndex(Number.isNaN)).toBe(3 * 133);
    expect(y.filter(Number.isNaN)).toHaveLength(133);
  });
});
