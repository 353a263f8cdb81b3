// Lists of modules.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { Conv2d } from '../../src/nn/conv2d';
import { Linear } from '../../src/nn/linear';
import { ModuleList, Sequential } from '../../src/nn/module-list';
import { fillByFormula } from '../golden-data';
import { map } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

test('lists number their modules; a sequential runs them in turn', () => {
  const list = new ModuleList([
    new Linear({ inFeatures: 2, outFeatures: 3 }),
    new Linear({ inFeatures: 3, outFeatures: 1 }),
  ]);
  expect([...list.named()].map(([n]) => n)).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
  expect(list.at(-1)).toBe([...list][1]);
  expect(() => list.at(2)).toThrow(RangeError);
  const conv = () => new Conv2d({ inChannels: 2, outChannels: 2, kernelSize: 1 });
  const two = new Sequential([conv(), conv()]);
  fillByFormula(two);
  tf.tidy(() => {
    const x = map('x', [1, 2, 2, 2]);
    const expected = two.at(1).forward(two.at(0).forward(x));
    const before = tf.memory().numTensors;
    expect(two.forward(x).dataSync()).toEqual(expected.dataSync());
    expect(tf.memory().numTensors, 'only the result is left').toBe(before + 1);
    expect(x.isDisposed).toBe(false);
    const read = tf.clone(x);
    expect(two.forward(read, { release: true }).dataSync()).toEqual(expected.dataSync());
    expect(read.isDisposed, 'the input is freed with them').toBe(true);
    const slope = tf.grad((t) => tf.sum(two.forward(t as tf.Tensor4D)))(x);
    expect(slope.shape).toEqual(x.shape);
  });
  list.dispose();
  two.dispose();
});
