// Memory and determinism of the torch engine.

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TorchEngine } from '../../../src/engine/torch';
import { align, convolve, runKernel, values } from './parity';

let engine: TorchEngine;
beforeAll(async () => {
  engine = (await startEngine({ engine: 'torch' })) as TorchEngine;
});
beforeEach(() => {
  tf.setBackend('torch');
});

describe('training', () => {
  const make = () =>
    [[3, 3, 3, 16], [3, 3, 16, 24], [1, 1, 24, 24]].map((s, i) => tf.variable(values(s, i + 1).mul(0.3))); // biome-ignore format: one line
  const loss = (x: tf.Tensor, w: tf.Variable[]) => {
    let y = convolve(x, w[0], { strides: [2, 2], activation: 'relu' });
    y = runKernel('DetMaxPool2D', { x: y }, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false });
    [y] = runKernel<tf.Tensor[]>(
      'DetBatchNorm',
      { x: convolve(y, w[1]), scale: tf.ones([24]), offset: tf.zeros([24]) },
      { epsilon: 1e-5, activation: 'relu' },
    );
    y = convolve(y, w[2], { padding: [0, 0] }, { residual: y });
    return tf.add(tf.mean(tf.square(tf.cast(y, 'float32'))), tf.mean(align(y, 0))) as tf.Scalar;
  };
  const step = (w: tf.Variable[], buffers: tf.Variable[], i: number, low: boolean) => {
    const x = tf.tidy(() => tf.add(values([2, 96, 128, 3], i + 1), 0.1));
    const compute = () => tf.variableGrads(() => loss(x, w), w);
    const { value, grads } = low ? engine.autocast('bfloat16', compute) : compute();
    const { gradients } = engine.clipGradNorm(w.map((v) => grads[v.name]), 10); // biome-ignore format: one line
    engine.sgdStep(w, gradients, buffers, { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 });
    const number = value.dataSync()[0];
    tf.dispose([x, value, grads]);
    return number;
  };
  const zeros = (w: tf.Variable[]) => w.map((v) => tf.tidy(() => tf.variable(tf.zeros(v.shape))));
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;

  it('leaves tensors, slots and memory flat over 200 steps', () => {
    for (const low of [false, true]) {
      const w = make();
      const buffers = zeros(w);
      const state = () => ({
        tensors: tf.memory().numTensors,
        buffers: tf.memory().numDataBuffers,
        slots: engine.memory().slots,
      });
      for (let i = 0; i < 40; i++) step(w, buffers, i, low);
      const [before, beforeBytes] = [state(), engine.memory().bytesInUse];
      const beforeRss = rss();
      for (let i = 0; i < 160; i++) step(w, buffers, i, low);
      expect(state()).toEqual(before);
      expect(engine.memory().bytesInUse).toBe(beforeBytes);
      expect(rss()).toBeLessThan(beforeRss * 1.06 + 8);
      tf.dispose([w, buffers]);
    }
  });

  it('gives the same bits twice', () => {
    const trace = () => {
      const w = make();
      const buffers = zeros(w);
      const losses = Array.from({ length: 6 }, (_, i) => step(w, buffers, i, false));
      const bits = w.map((v) => Array.from(new Uint32Array(v.dataSync().buffer)));
      tf.dispose([w, buffers]);
      return { losses, bits };
    };
    expect(trace()).toEqual(trace());
  });

  it('learns', () => {
    const w = make();
    const buffers = zeros(w);
    const losses = Array.from({ length: 12 }, () => step(w, buffers, 0, true));
    expect(losses.at(-1)!).toBeLessThan(losses[0] * 0.8);
    tf.dispose([w, buffers]);
  });

  it('reports peak memory and gives the cache back', () => {
    engine.resetPeak();
    const before = engine.memory().bytesPeak;
    const big = tf.zeros([1024, 1024, 4]);
    expect(engine.memory().bytesPeak - before).toBeGreaterThanOrEqual(16 * 2 ** 20);
    big.dispose();
    engine.releaseCache();
    expect(engine.memory().bytesCached).toBe(0);
  });

  it('keeps no more of freed tensors than its memory limit', () => {
    const churn = () => {
      for (let i = 0; i < 8; i++) tf.tidy(() => tf.sum(tf.add(tf.ones([1024, 1024, 2]), i)).dataSync());
    };
    const total = () => engine.memory().bytesInUse + engine.memory().bytesCached;
    engine.releaseCache();
    const limit = Math.ceil(engine.memory().bytesInUse) + 4 * 2 ** 20;
    churn();
    expect(total()).toBeGreaterThan(limit); // 8 MB tensors are kept
    engine.memoryLimit = limit;
    expect(engine.memory().bytesLimit).toBe(limit);
    expect(total()).toBeLessThanOrEqual(limit);
    churn();
    expect(total()).toBeLessThanOrEqual(limit);
    for (const wrong of [0, -1, 0.5, Number.NaN])
      expect(() => {
        engine.memoryLimit = wrong;
      }).toThrow('expected a whole number of bytes above 0');
    expect(engine.memoryLimit).toBe(limit);
    engine.memoryLimit = undefined;
    churn();
    expect(total()).toBeGreaterThan(limit);
  });
});
