// The loss of a batch without positives. The reference tests of heads cover it on the engine with a tape.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { zeroLoss } from '../../../src/models/losses';
import { Conv2d, Sequential } from '../../../src/nn';
import { Random } from '../../../src/random';

beforeAll(async () => void (await startEngine()));

test('every trainable parameter of a module gets a zero gradient', () => {
  const layers = new Sequential([1, 3].map((kernelSize) => new Conv2d({ inChannels: 2, outChannels: 2, kernelSize })));
  layers.initWeights(Random.seeded(1));
  layers.at(0).freeze();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const variables = layers.trainable().map(([, p]) => p.variable);
    const { value, grads } = tf.variableGrads(() => zeroLoss(layers), variables);
    expect(value.dataSync()[0]).toBe(0);
    expect(variables).toHaveLength(2); // weight and bias of the second
    for (const variable of variables) {
      expect(grads[variable.name].shape).toEqual(variable.shape);
      expect(grads[variable.name].dataSync().every((v) => v === 0)).toBe(true);
    }
  });
  expect(tf.memory().numTensors).toBe(before);
  layers.dispose();
});

test('it adds nothing to the gradient of another loss', () => {
  const layer = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1 });
  tf.tidy(() => {
    const variables = layer.trainable().map(([, p]) => p.variable);
    const loss = () => tf.sum(tf.square(tf.sub(variables[0], 2))) as tf.Scalar;
    const alone = tf.variableGrads(loss, variables.slice(0, 1)).grads[variables[0].name];
    const both = tf.variableGrads(() => tf.add(loss(), zeroLoss(layer)), variables).grads;
    expect([...both[variables[0].name].dataSync()]).toEqual([...alone.dataSync()]);
    expect([...both[variables[1].name].dataSync()]).toEqual([0]);
  });
  layer.dispose();
});

test('a tensor that overflowed gives zero, and passes a zero on', () => {
  tf.tidy(() => {
    const x = tf.tensor1d([1000, 1]);
    const { value, grad } = tf.valueAndGrad((v) => zeroLoss(tf.mul(v, Number.POSITIVE_INFINITY)))(x);
    expect(value.dataSync()[0]).toBe(0);
    expect(grad.shape).toEqual([2]);
  });
  tf.tidy(() => {
    const overflowed = tf.exp(tf.tensor1d([1000]));
    expect(zeroLoss(overflowed).dataSync()[0]).toBe(0);
  });
});

test('a module without trainable parameters gives zero', () => {
  const layer = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1 });
  layer.freeze();
  expect(tf.tidy(() => zeroLoss(layer).dataSync()[0])).toBe(0);
  layer.dispose();
});
