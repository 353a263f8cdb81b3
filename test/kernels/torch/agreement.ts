// Kernels of the torch engine beside compositions of plain tfjs operations.

import * as tf from '@tensorflow/tfjs';
import { closeTo, outcomeOf, weigh } from '../../engine/torch/parity';

export type Named = Record<string, tf.Tensor>;
export type Act = 'linear' | 'relu' | 'silu';

export const activated = (y: tf.Tensor, act: Act) =>
  act === 'relu' ? tf.relu(y) : act === 'silu' ? tf.mul(y, tf.sigmoid(y)) : y;

/** Expects two functions of the same named tensors to agree, and their gradients with respect to each of them. */
export function agree(
  inputs: Named,
  actual: (t: Named) => tf.Tensor,
  expected: (t: Named) => tf.Tensor,
  tolerance = 3e-5,
): void {
  const names = Object.keys(inputs);
  const list = names.map((name) => inputs[name]);
  const named = (ts: tf.Tensor[]) => Object.fromEntries(ts.map((t, i) => [names[i], t]));
  closeTo(outcomeOf(actual(inputs)), outcomeOf(expected(inputs)), tolerance);
  const a = tf.grads((...ts) => weigh(actual(named(ts))))(list);
  const b = tf.grads((...ts) => weigh(expected(named(ts))))(list);
  a.forEach((gradient, i) => {
    closeTo(outcomeOf(gradient), outcomeOf(b[i]), tolerance);
  });
}
