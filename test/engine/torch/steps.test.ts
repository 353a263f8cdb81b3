// Optimizer steps of the torch engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TorchEngine } from '../../../src/engine/torch';

let engine: TorchEngine;
beforeAll(async () => {
  engine = (await startEngine({ engine: 'torch' })) as TorchEngine;
});
beforeEach(() => {
  tf.setBackend('torch');
});

describe('optimizer steps', () => {
  /** torch.optim.SGD, written out. */
  const reference = (
    o: { lr: number; momentum: number; weightDecay: number; dampening: number; nesterov: boolean },
    steps: number,
  ) => {
    let p = 1.5;
    let buffer: number | undefined;
    for (let i = 0; i < steps; i++) {
      const g = Math.sin(i + 1) + o.weightDecay * p;
      buffer = buffer === undefined ? g : o.momentum * buffer + (1 - o.dampening) * g;
      p -= o.lr * (o.momentum === 0 ? g : o.nesterov ? g + o.momentum * buffer : buffer);
    }
    return p;
  };
  for (const o of [
    { lr: 0.1, momentum: 0, weightDecay: 0.01, dampening: 0, nesterov: false },
    { lr: 0.1, momentum: 0.9, weightDecay: 0.01, dampening: 0, nesterov: false },
    { lr: 0.1, momentum: 0.9, weightDecay: 0, dampening: 0.5, nesterov: false },
    { lr: 0.1, momentum: 0.9, weightDecay: 0.01, dampening: 0, nesterov: true },
  ])
    it(`sgd ${JSON.stringify(o)}`, () => {
      const p = tf.variable(tf.fill([3], 1.5));
      const buffer = tf.variable(tf.zeros([3]));
      for (let i = 0; i < 5; i++) engine.sgdStep([p], [tf.fill([3], Math.sin(i + 1))], [buffer], o);
      for (const value of p.dataSync()) expect(value).toBeCloseTo(reference(o, 5), 5);
      tf.dispose([p, buffer]);
    });

  it('adamW moves as torch.optim.AdamW', () => {
    const p = tf.variable(tf.fill([2], 1));
    const m = tf.variable(tf.zeros([2]));
    const v = tf.variable(tf.zeros([2]));
    let [x, first, second] = [1, 0, 0];
    for (let step = 1; step <= 4; step++) {
      const g = Math.cos(step);
      engine.adamWStep([p], [tf.fill([2], g)], [m], [v], { lr: 0.1, weightDecay: 0.05, step });
      x *= 1 - 0.1 * 0.05;
      first = 0.9 * first + 0.1 * g;
      second = 0.999 * second + 0.001 * g * g;
      x -= (0.1 / (1 - 0.9 ** step)) * (first / (Math.sqrt(second) / Math.sqrt(1 - 0.999 ** step) + 1e-8));
    }
    expect(p.dataSync()[0]).toBeCloseTo(x, 5);
    tf.dispose([p, m, v]);
  });

  it('leaves tensors that share a variable’s data alone', () => {
    const initial = tf.tensor1d([1, 2]);
    const p = tf.variable(initial);
    const clone = p.clone();
    const view = tf.variable(tf.reshape(clone, [2]));
    engine.sgdStep([p, view], [tf.ones([2]), tf.ones([2])], [], { lr: 1, momentum: 0, weightDecay: 0 });
    expect([initial, clone, p, view].map((t) => Array.from(t.dataSync()))).toEqual([[1, 2], [1, 2], [0, 1], [0, 1]]); // biome-ignore format: one line
    tf.dispose([p, view]);
  });

  it('clips to the joint norm', () => {
    const gradients = [tf.tensor1d([3, 0]), tf.tensor2d([[0, 4]])];
    const { norm, gradients: clipped } = engine.clipGradNorm(gradients, 1);
    expect(norm).toBeCloseTo(5, 6);
    expect(clipped.map((g) => Array.from(g.dataSync(), (value) => +value.toFixed(5)))).toEqual([[0.6, 0], [0, 0.8]]); // biome-ignore format: one line
    expect(engine.clipGradNorm([tf.tensor1d([0.3])], 1).gradients[0].dataSync()[0]).toBeCloseTo(0.3, 6);
  });
});
