// DetFocalLoss against the paper's formula in float64, and its gradient against that formula's derivative.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type Engine, startEngine } from '../../../src/engine';
import { values } from '../../engine/torch/parity';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ engine: 'torch' });
});

interface Options {
  gamma: number;
  alpha: number;
}
const focal = (logits: tf.Tensor, labels: tf.Tensor, options: Options): tf.Tensor2D =>
  tf
    .engine()
    .runKernel('DetFocalLoss', { logits, labels }, options as unknown as tf.NamedAttrMap) as unknown as tf.Tensor2D;

/** -alpha_t (1 - p_t)^gamma log p_t, and its slope by the logit. */
function formula(x: number, truth: boolean, { gamma, alpha }: Options): { loss: number; slope: number } {
  const z = truth ? x : -x;
  const wrong = 1 / (1 + Math.exp(z));
  const entropy = z > 0 ? Math.log1p(Math.exp(-z)) : -z + Math.log1p(Math.exp(z));
  const weight = (truth ? alpha : 1 - alpha) * wrong ** gamma;
  const slope = -weight * (wrong + gamma * (1 - wrong) * entropy);
  return { loss: weight * entropy, slope: truth ? slope : -slope };
}

const LABELS = [0, 4, 2, 5, -1, 3, 1];
const logits = () => tf.concat([tf.mul(values([6, 5], 1), 6), tf.tensor2d([[-100, 100, 0, -30, 1e-4]])]) as tf.Tensor2D;

test.each<Options>([
  { gamma: 2, alpha: 0.25 },
  { gamma: 1.5, alpha: 0.4 },
  { gamma: 0, alpha: 0.5 },
])('equals the formula, value and gradient: %j', (options) => {
  tf.tidy(() => {
    const x = logits();
    const labels = tf.tensor1d(LABELS, 'int32'); // 5 and -1: background
    const outer = values([7, 5], 3);
    const rows = x.arraySync();
    const expected = rows.map((row, i) => row.map((v, c) => formula(v, LABELS[i] === c, options)));
    const loss = focal(x, labels, options).arraySync();
    const gradient = tf
      .grad((t) => tf.sum(tf.mul(focal(t, labels, options), outer)))(x)
      .arraySync() as number[][];
    const factors = outer.arraySync() as number[][];
    for (const [i, row] of expected.entries())
      for (const [c, { loss: wanted, slope }] of row.entries()) {
        expect(Math.abs(loss[i][c] - wanted), `loss ${i}, ${c}`).toBeLessThanOrEqual(2e-6 * wanted + 1e-30);
        const turned = slope * factors[i][c];
        expect(Math.abs(gradient[i][c] - turned), `gradient ${i}, ${c}`).toBeLessThanOrEqual(
          2e-6 * Math.abs(turned) + 1e-30,
        );
      }
  });
});

test('inside another gradient, in mixed precision, and of nothing', () => {
  tf.tidy(() => {
    const [x, labels] = [logits().slice([0, 0], [6, 5]), tf.tensor1d(LABELS.slice(0, 6), 'int32')];
    const options = { gamma: 2, alpha: 0.25 };
    const once = tf.grad((t) => tf.sum(focal(t, labels, options)));
    // the sum of the gradient, differentiated again, against a difference of gradients
    const twice = tf.grad((t) => tf.sum(once(t)))(x);
    const step = 1e-2;
    const difference = tf.div(tf.sub(once(tf.add(x, step)), once(tf.sub(x, step))), 2 * step);
    expect(tf.max(tf.abs(tf.sub(twice, difference))).arraySync()).toBeLessThan(2e-3);
    const low = engine.autocast('bfloat16', () => focal(tf.mul(tf.relu(x), 1), labels, options));
    expect(tf.max(tf.abs(tf.sub(low, focal(tf.relu(x), labels, options)))).arraySync()).toBeLessThan(0.02);
    expect(focal(tf.zeros([0, 5]), tf.tensor1d([], 'int32'), options).shape).toEqual([0, 5]);
    expect(() => focal(x, tf.tensor1d([1], 'int32'), options)).toThrow(/labels \[N\]/);
  });
});
