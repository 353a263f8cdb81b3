// What nothing refers to is freed; what anything refers to, or shares data with, is not.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine';
import { collectIfGrown, collectUnreachable } from '../../src/engine/unreachable-tensors';

beforeAll(() => startEngine());

/** Tensors and bytes that are left of what a function makes. */
async function left(make: () => void): Promise<{ tensors: number; bytes: number }> {
  await collectUnreachable();
  const before = tf.memory();
  make();
  await collectUnreachable();
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors - before.numTensors, bytes: numBytes - before.numBytes };
}

const NOTHING = { tensors: 0, bytes: 0 };

describe('what nothing refers to is freed', () => {
  it.each<[string, () => void]>([
    ['a tensor', () => void tf.ones([64, 64])],
    ['a result of tf.tidy', () => void tf.tidy(() => tf.ones([8]).add(1))],
    ['a tensor kept in a scope', () => void tf.tidy(() => void tf.keep(tf.ones([8]).mul(2)))],
    ['a variable', () => void tf.variable(tf.tidy(() => tf.ones([64, 64])))],
    [
      'a variable that was assigned other values',
      () => {
        const variable = tf.variable(tf.ones([64]));
        for (let i = 0; i < 3; i++) tf.tidy(() => variable.assign(tf.zeros([64])));
      },
    ],
    [
      'a variable and its gradient',
      () => {
        const variable = tf.variable(tf.ones([64]));
        tf.variableGrads(() => variable.square().sum(), [variable]);
      },
    ],
    ['tensors of one data', () => void tf.ones([64]).clone().reshape([8, 8])],
  ])('%s', async (_, make) => {
    expect(await left(make)).toEqual(NOTHING);
  });

  it('also when it was disposed in part', async () => {
    const made = () => {
      const tensor = tf.ones([64]);
      tensor.clone();
      tensor.dispose();
    };
    expect(await left(made)).toEqual(NOTHING);
  });
});

describe('what is referred to stays', () => {
  it('a tensor, a variable, and data that a clone shares', async () => {
    const kept: tf.Tensor[] = [];
    const sizes = await left(() => {
      kept.push(
        tf.ones([64]).clone(),
        tf.variable(tf.zeros([64])),
        tf.tidy(() => tf.ones([64]).mul(3)),
      );
    });
    expect(sizes).toEqual({ tensors: 3, bytes: 3 * 256 });
    expect(kept.map((tensor) => tensor.dataSync()[63])).toEqual([1, 0, 3]);
    tf.dispose(kept);
  });

  it('a variable by its name, as in optimizers without a list of variables', async () => {
    const weight = tf.variable(tf.scalar(2));
    await collectUnreachable();
    const { grads } = tf.variableGrads(() => weight.square() as tf.Scalar);
    expect(grads[weight.name].dataSync()[0]).toBe(4);
    expect(Object.keys(tf.engine().registeredVariables)).toContain(weight.name);
    weight.dispose();
    expect(Object.keys(tf.engine().registeredVariables)).not.toContain(weight.name);
  });
});

it('collects only after tensors of that many bytes', async () => {
  await collectUnreachable();
  const before = tf.memory().numBytes;
  const make = () => void tf.ones([1024, 256]); // 1 MB
  make();
  await collectIfGrown(2 * 2 ** 20);
  expect(tf.memory().numBytes).toBe(before + 2 ** 20);
  make();
  await collectIfGrown(2 * 2 ** 20);
  expect(tf.memory().numBytes).toBe(before);
});
