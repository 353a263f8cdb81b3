// EQLV2Loss against MMDetection's over two steps (generate/long_tail_data.py): losses, gradients, what it counts.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { losses } from '../../../src/models/losses';
import type { EQLV2Loss } from '../../../src/models/losses/eqlv2-loss';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const { steps, activated } = goldenJson<{
  eqlv2: {
    steps: {
      logits: number[][];
      labels: number[];
      loss: number;
      gradient: number[][];
      buffers: Record<string, number[]>;
    }[];
    activated: number[][];
  };
}>('long_tail_data').eqlv2;
const build = () => {
  const config = { type: 'EQLV2Loss', num_classes: 3, loss_weight: 1.5 };
  const loss = new Registry(losses).build('loss', config, { path: 'l' }) as EQLV2Loss;
  loss.initWeights(Random.seeded(0));
  return loss;
};
const close = (own: ArrayLike<number>, expected: number[]) =>
  expected.forEach((value, i) => void expect(own[i]).toBeCloseTo(value, 5));

test('losses and gradients follow the gradients of the steps before', () => {
  const loss = build();
  for (const { logits, labels, loss: value, gradient, buffers } of steps)
    tf.tidy(() => {
      const truth = tf.tensor1d(labels, 'int32');
      const { value: own, grad } = tf.valueAndGrad((x: tf.Tensor) => loss.forward(x, truth))(tf.tensor2d(logits));
      close(own.dataSync(), [value]);
      close(grad.dataSync(), gradient.flat());
      for (const [name, { variable }] of loss.named()) close(variable.dataSync(), buffers[name]);
    });
});

test('probabilities; classes that differ from those of the head', () => {
  tf.tidy(() => close(build().activate(tf.tensor2d(steps[0].logits)).dataSync(), activated.flat()));
  expect(() => build().scoreChannels(4)).toThrow('Cannot use EQLV2Loss of 3 classes in a head of 4');
});
