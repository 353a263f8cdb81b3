// MultiPosCrossEntropyLoss, MarginL2Loss and L2Loss against MMDetection's (generate/tracking_losses.py): values and gradients.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { losses } from '../../../src/models/losses';
import { goldenJson } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

interface Case {
  type: string;
  options: object;
  scores: number[][];
  targets: number[][];
  weight: number[] | number[][] | null;
  avg_factor: number | null;
  value: number | number[][];
  grad: number[][];
}
const cases = goldenJson<Case[]>('tracking_losses');
const build = (type: string, options: object = {}) =>
  new Registry(losses).build('loss', { type, ...options }, { path: 'loss' });
/** Value and gradient. */
const run = (type: string, options: object, scores: tf.Tensor2D, targets: tf.Tensor2D, call = {}) => {
  let value: number[] = [];
  const gradient = tf.grad((x: tf.Tensor) => {
    const y = build(type, options).forward(x, targets, call);
    value = [...y.dataSync()];
    return tf.sum(y);
  })(scores);
  return { value, gradient: [...gradient.dataSync()] };
};

test.each(cases.map((one, i) => [i, one] as const))("%i equals MMDetection's", (_, one) => {
  tf.tidy(() => {
    const { type, options, weight, avg_factor } = one;
    const call = {
      ...(weight && { weight: tf.tensor(weight) }),
      ...(avg_factor !== null && { avgFactor: avg_factor }),
    };
    const { value, gradient } = run(type, options, tf.tensor2d(one.scores), tf.tensor2d(one.targets), call);
    for (const [i, wanted] of [one.value].flat(2).entries()) expect(value[i]).toBeCloseTo(wanted, 5);
    for (const [i, wanted] of one.grad.flat().entries()) expect(gradient[i]).toBeCloseTo(wanted, 5);
  });
});

test('nothing gives 0, and saturated scores give numbers', () => {
  tf.tidy(() => {
    for (const type of ['MultiPosCrossEntropyLoss', 'MarginL2Loss']) {
      expect(run(type, {}, tf.zeros([0, 3]), tf.zeros([0, 3])).value).toEqual([0]);
      const { value, gradient } = run(type, {}, tf.tensor2d([[1e4, -1e4, 3e4]]), tf.tensor2d([[0, 1, 1]]));
      expect([...value, ...gradient].every(Number.isFinite)).toBe(true);
    }
    expect(run('MultiPosCrossEntropyLoss', {}, tf.zeros([2, 0]), tf.zeros([2, 0])).value).toEqual([0]);
  });
});

test('without hard_mining as many pairs of different objects are drawn', () => {
  tf.tidy(() => {
    const scores = tf.fill([1, 9], 0.5) as tf.Tensor2D;
    const targets = tf.tensor2d([[1, 0, 0, 0, 0, 0, 0, 0, 0]]);
    const { gradient } = run('MarginL2Loss', { neg_pos_ub: 3 }, scores, targets);
    expect(gradient.filter((v) => v > 0)).toHaveLength(3);
    expect(gradient.filter((v) => v < 0)).toHaveLength(1);
  });
});
