// Computations that are left between two operations, forward and backward, and what is as before afterwards.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { canInterrupt, interruptible } from '../../src/engine/interruption';
import { urgentSignal } from '../urgent-signal';

let x: tf.Variable;
beforeAll(async () => void (await startEngine()));
beforeEach(() => {
  x = tf.tidy(() => tf.variable(tf.fill([300, 300], 0.5)));
});

const gradient = (inside = () => {}) =>
  tf.tidy(() => {
    const loss = () => {
      const y = tf.matMul(x, x).square().mean<tf.Scalar>();
      inside();
      return y;
    };
    return tf.variableGrads(loss, [x]).grads[x.name];
  });

test('without urgency a computation runs to its end', () => {
  const { signal } = urgentSignal();
  expect(canInterrupt(signal)).toBe(true);
  expect(canInterrupt(new AbortController().signal)).toBe(false);
  expect(canInterrupt(undefined)).toBe(false);
  for (const given of [signal, new AbortController().signal, undefined])
    expect(interruptible(given, () => ({ sum: tf.tidy(() => x.sum().dataSync()[0]) }))).toEqual({ sum: 45_000 });
});

test('it is left at the next operation, and its tensors are freed', () => {
  const { signal, hurry } = urgentSignal();
  const before = tf.memory().numTensors;
  let operations = 0;
  const left = interruptible(signal, () =>
    tf.tidy(() => {
      for (;;) {
        x.add(1);
        if (++operations === 5) hurry();
      }
    }),
  );
  expect([left, operations]).toEqual([undefined, 5]);
  expect(tf.memory().numTensors).toBe(before);
});

test('a backward pass is left as well; gradients work afterwards, and as they did', () => {
  const { signal, hurry, calm } = urgentSignal();
  const expected = gradient();
  const before = tf.memory().numTensors;
  expect(interruptible(signal, () => gradient(hurry))).toBeUndefined();
  expect(tf.memory().numTensors).toBe(before);
  const outside = gradient(); // urgent for others only
  calm();
  const again = interruptible(signal, () => gradient())!;
  for (const found of [outside, again]) expect(found.dataSync()).toEqual(expected.dataSync());
  tf.dispose([expected, outside, again]);
});

test('an error that is not of the interruption is thrown', () => {
  const { signal } = urgentSignal();
  const failing = () => {
    throw new RangeError('no such anchor');
  };
  expect(() => interruptible(signal, failing)).toThrow(/no such anchor/);
});
