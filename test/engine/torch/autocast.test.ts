// Mixed precision on the torch engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TorchEngine } from '../../../src/engine/torch';
import type { TorchData } from '../../../src/engine/torch/backend';
import { native } from '../../../src/engine/torch/native';
import { align, convolve, runKernel, values } from './parity';

let engine: TorchEngine;
beforeAll(async () => {
  engine = (await startEngine({ engine: 'torch' })) as TorchEngine;
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
const physical = (t: tf.Tensor) => native.physicalType((t.dataId as TorchData).slot);
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
            runKernel('DetMaxPool2D', { x: y }, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false }),
          resizeNearest: () => tf.image.resizeNearestNeighbor(y as T4, [16, 16]),
          resizeBilinear: () => tf.image.resizeBilinear(y as T4, [16, 16]),
          batchNorm: () => tf.batchNorm(y as T4, tf.zeros([32]), tf.ones([32])),
          DetBatchNorm: () =>
            runKernel<tf.Tensor[]>(
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
