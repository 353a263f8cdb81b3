import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { Conv2d } from '../../src/nn';
import { deferReads } from '../../src/nn/deferred-reads';

beforeAll(async () => void (await startEngine()));

test('a state of deferred reads has the values of its moment, whatever becomes of the variables', () => {
  const conv = new Conv2d({ inChannels: 2, outChannels: 3, kernelSize: 3 });
  const before = tf.memory().numTensors;
  const expected = conv.stateDict();
  const state = deferReads(() => conv.stateDict());
  expect(state.get('weight')).toMatchObject({ shape: [3, 2, 3, 3], dtype: 'float32' });
  for (const [, { variable }] of conv.named()) tf.tidy(() => variable.assign(tf.add(variable, 1)));
  const moved = conv.stateDict();
  conv.dispose();
  for (const [name, { data }] of expected) {
    expect(moved.get(name)!.data).not.toEqual(data);
    expect(state.get(name)!.data).toEqual(data);
    expect(state.get(name)!.data).toBe(state.get(name)!.data);
  }
  expect(tf.memory().numTensors).toBe(before - expected.size);
});
