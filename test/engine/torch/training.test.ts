// Mixed precision, optimizer steps, memory and determinism of the torch engine.

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TorchEngine } from '../../../src/engine/torch';
import type { TorchData } from '../../../src/engine/torch/backend';
import { native } from '../../../src/engine/torch/native';
import { values } from './parity';

let engine: TorchEngine;
beforeAll(async () => {
  engine = (await startEngine({ engine: 'torch' })) as TorchEngine;
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
const physical = (t: tf.Tensor) => native.physicalType((t.dataId as TorchData).slot);
const run = <T>(name: string, inputs: Record<string, tf.Tensor | undefined>, attrs: object): T =>
  tf.engine().runKernel(name, inputs as never, attrs as never) as unknown as T;
const convolve = (x: tf.Tensor, filter: tf.Tensor, over: object = {}, more: Record<string, tf.Tensor> = {}) =>
  run<tf.Tensor>(
    'DetConv2D',
    { x, filter, ...more },
    { strides: [1, 1], padding: [1, 1], dilations: [1, 1], groups: 1, activation: 'linear', ...over },
  );
const rois = () => tf.tensor2d([[0, 1, 1, 6, 6], [0, 2, 3, 7, 5]]); // biome-ignore format: one line
const align = (x: tf.Tensor, samplingRatio = 2) =>
  run<tf.Tensor>(
    'DetRoIAlign',
    { x, rois: rois() },
    { outputSize: [3, 3], spatialScale: 1, samplingRatio, aligned: true },
  );

describe('autocast', () => {
  it('keeps activations in bfloat16 between layers, losses in float32', () => {
    const types: Record<string, string> = {};
    engine.autocast('bfloat16', () =>
      tf.tidy(() => {
        const x = values([1, 8, 8, 16], 1);
        const y = convolve(x, values([3, 3, 16, 32], 2), { activation: 'relu' }, { bias: values([32], 3) });
        const all: Record<string, () => tf.Tensor> = {
          DetConv2D: () => y,
          'DetConv2D with residual': () =>
            convolve(y, values([3, 3, 32, 32], 4), { activation: 'relu' }, { residual: y }),
          conv2d: () => tf.conv2d(x as T4, values([3, 3, 16, 8], 2) as T4, 1, 1),
          matMul: () => tf.matMul(values([3, 4], 1), values([4, 5], 2)),
          relu: () => tf.relu(y),
          sigmoid: () => tf.sigmoid(y),
          add: () => tf.add(y, y),
          'add float32 bias': () => tf.add(y, values([32], 5)),
          'mul scalar': () => tf.mul(y, 2),
          concat: () => tf.concat([y, y], 3),
          reshape: () => tf.reshape(y, [64, 32]),
          slice: () => tf.slice(y, [0, 1, 1, 0], [1, 4, 4, 32]),
          pad: () => tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]]), // biome-ignore format: one line
          maxPool: () => tf.maxPool(y as T4, 3, 2, 1),
          DetMaxPool2D: () =>
            run('DetMaxPool2D', { x: y }, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false }),
          resizeNearest: () => tf.image.resizeNearestNeighbor(y as T4, [16, 16]),
          resizeBilinear: () => tf.image.resizeBilinear(y as T4, [16, 16]),
          batchNorm: () => tf.batchNorm(y as T4, tf.zeros([32]), tf.ones([32])),
          DetBatchNorm: () =>
            run<tf.Tensor[]>(
              'DetBatchNorm',
              { x: y, scale: tf.ones([32]), offset: tf.zeros([32]) },
              { epsilon: 1e-5, activation: 'relu' },
            )[0],
          DetRoIAlign: () => align(y),
        };
        for (const [name, f] of Object.entries(all)) {
          const t = f();
          types[name] = physical(t);
          expect(t.dtype).toBe('float32');
        }
        const wide: Record<string, () => tf.Tensor> = {
          cast: () => tf.cast(y, 'float32'),
          sum: () => tf.sum(y),
          mean: () => tf.mean(y),
          softmax: () => tf.softmax(y),
          logSoftmax: () => tf.logSoftmax(y),
          log: () => tf.log(y),
          exp: () => tf.exp(y),
          'add float32 map': () => tf.add(y, values([1, 8, 8, 32], 9)),
          'box arithmetic': () => tf.mul(tf.reshape(y, [-1, 4]), values([4], 1)),
        };
        for (const [name, f] of Object.entries(wide)) expect(`${name}: ${physical(f())}`).toBe(`${name}: Float`);
      }),
    );
    for (const [name, type] of Object.entries(types)) expect(`${name}: ${type}`).toBe(`${name}: BFloat16`);
  });

  it('returns float32 and ends when f ends or throws', () => {
    const x = values([1, 8, 8, 16], 1);
    const w = values([3, 3, 16, 8], 2);
    const { a } = engine.autocast('bfloat16', () => ({ a: convolve(x, w) }));
    expect(physical(a)).toBe('Float');
    expect(() =>
      engine.autocast('bfloat16', () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(physical(convolve(x, w))).toBe('Float');
    expect(() => engine.autocast('float16', () => 1)).toThrow(/float16/);
    expect(() => engine.autocast('bfloat16', async () => 1)).toThrow(/async/);
  });

  it('mixes with float32 outside', () => {
    const x = values([1, 8, 8, 16], 1);
    let kept!: tf.Tensor;
    engine.autocast('bfloat16', () => {
      kept = convolve(x, values([3, 3, 16, 8], 2));
      return 0;
    });
    expect(physical(kept)).toBe('BFloat16');
    expect(physical(convolve(kept, values([3, 3, 8, 8], 3)))).toBe('Float');
    expect(physical(tf.matMul(tf.reshape(kept, [-1, 8]), values([8, 4], 3)))).toBe('Float');
  });

  it('gives gradients near the float32 ones, in float32', () => {
    const x = values([1, 12, 12, 16], 1);
    const w1 = values([3, 3, 16, 24], 2).mul(0.2);
    const w2 = values([3, 3, 24, 24], 3).mul(0.2);
    const scale = tf.add(values([24], 4), 1.5);
    const gradients = () =>
      tf.grads((a, b, c) => {
        const y = convolve(x, a, { activation: 'relu' }, { scale: c });
        const z = convolve(y, b, { activation: 'relu' }, { residual: y });
        const pooled = align(z);
        return tf.add(tf.mean(tf.square(tf.cast(z, 'float32'))), tf.mean(pooled));
      })([w1, w2, scale]);
    const wide = gradients();
    const low = engine.autocast('bfloat16', gradients);
    low.forEach((gradient, i) => {
      expect(physical(gradient)).toBe('Float');
      const error = tf.norm(tf.sub(gradient, wide[i])).dataSync()[0] / tf.norm(wide[i]).dataSync()[0];
      expect(error).toBeLessThan(0.03);
      expect(error).toBeGreaterThan(1e-6); // it did compute in bfloat16
    });
  });

  it('differentiates an autocast call inside f', () => {
    const w = values([3, 3, 4, 4], 2);
    const g = tf.grad((t) => {
      const y = engine.autocast('bfloat16', () => convolve(t, w));
      expect(physical(y)).toBe('Float');
      return tf.sum(y);
    })(values([1, 6, 6, 4], 1));
    expect(tf.sum(tf.abs(g)).dataSync()[0]).toBeGreaterThan(0);
  });
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

describe('training', () => {
  const make = () =>
    [[3, 3, 3, 16], [3, 3, 16, 24], [1, 1, 24, 24]].map((s, i) => tf.variable(values(s, i + 1).mul(0.3))); // biome-ignore format: one line
  const loss = (x: tf.Tensor, w: tf.Variable[]) => {
    let y = convolve(x, w[0], { strides: [2, 2], activation: 'relu' });
    y = run('DetMaxPool2D', { x: y }, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false });
    [y] = run<tf.Tensor[]>(
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
});
