// Products in bfloat16, by the processor's own instructions or in float32: operands are rounded, sums are not, results are.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type Engine, startEngine } from '../../../src/engine';
import { runKernel, values } from '../../engine/torch/parity';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ engine: 'torch' });
});

type T4 = tf.Tensor4D;
type Operands = Record<string, tf.Tensor>;

/** To the nearest bfloat16 (the upper half of a float32), ties to even. */
function rounded(x: tf.Tensor): tf.Tensor {
  const bits = new Uint32Array(x.dataSync<'float32'>().slice().buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = ((bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16) << 16;
  return tf.tensor(new Float32Array(bits.buffer), x.shape);
}

const geometry = { strides: [1, 1], padding: [1, 1], dilations: [1, 1], groups: 1 };
const map = (seed: number, channels = 16) => values([1, 9, 10, channels], seed);
/** Of each product: its operands, what is computed of them, and how far off a result may be, beside its own rounding. */
const PRODUCTS: Record<string, { of: () => Operands; f: (o: Operands) => tf.Tensor; slack?: number }> = {
  DetConv2D: {
    of: () => ({ x: map(1), filter: values([3, 3, 16, 24], 2), bias: values([24], 3), residual: map(4, 24) }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, activation: 'relu' }),
  },
  'DetConv2D, enough tiles for Winograd': {
    of: () => ({ x: values([1, 44, 44, 48], 1), filter: values([3, 3, 48, 48], 2) }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, activation: 'linear' }),
  },
  'DetConv2D, few tiles for Winograd, in chunks of channels': {
    of: () => ({ x: values([1, 20, 20, 80], 1), filter: values([3, 3, 80, 64], 2) }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, activation: 'linear' }),
  },
  'DetConv2D, enough tiles for Winograd, no whole vectors or tiles': {
    of: () => ({
      x: values([1, 43, 47, 40], 1),
      filter: values([3, 3, 40, 56], 2),
      bias: values([56], 3),
      residual: values([1, 43, 47, 56], 4),
    }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, activation: 'relu' }),
  },
  'DetConv2D with a stride, silu': {
    of: () => ({ x: map(1), filter: values([1, 1, 16, 24], 2) }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, strides: [2, 2], padding: [0, 0], activation: 'silu' }),
  },
  'DetConv2D of an image with a stride, silu': {
    of: () => ({ x: values([2, 21, 23, 3], 1), filter: values([3, 3, 3, 40], 2), bias: values([40], 3) }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, strides: [2, 2], activation: 'silu' }),
  },
  'DetConv2D of an odd number of channels with a stride': {
    of: () => ({
      x: values([1, 33, 30, 19], 1),
      filter: values([3, 3, 19, 37], 2),
      residual: values([1, 17, 15, 37], 4),
    }),
    f: (o) => runKernel('DetConv2D', o, { ...geometry, strides: [2, 2], activation: 'relu' }),
  },
  conv2d: {
    of: () => ({ x: map(1), filter: values([3, 3, 16, 8], 2) }),
    f: ({ x, filter }) => tf.conv2d(x as T4, filter as T4, 1, 'same'),
  },
  depthwiseConv2d: {
    of: () => ({ x: map(1), filter: values([3, 3, 16, 2], 2) }),
    f: ({ x, filter }) => tf.depthwiseConv2d(x as T4, filter as T4, 1, 'same'),
  },
  conv2dTranspose: {
    of: () => ({ x: map(1), filter: values([2, 2, 8, 16], 2) }),
    f: ({ x, filter }) => tf.conv2dTranspose(x as T4, filter as T4, [1, 18, 20, 8], 2, 'same'),
  },
  DetDeformConv2D: {
    of: () => ({ x: map(1), filter: values([3, 3, 16, 8], 2) }),
    f: ({ x, filter }) =>
      runKernel('DetDeformConv2D', { x, filter, offset: values([1, 9, 10, 18], 5) }, { ...geometry, deformGroups: 1 }),
    slack: 2 ** -8, // what is read between pixels is rounded once more before it is multiplied
  },
  'fused.matMul': {
    of: () => ({ a: values([20, 30], 1), b: values([12, 30], 2), bias: values([12], 3) }),
    f: ({ a, b, bias }) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, transposeB: true, bias }),
  },
  einsum: {
    of: () => ({ a: values([2, 5, 7], 1), b: values([2, 7, 3], 2) }),
    f: ({ a, b }) => tf.einsum('bij,bjk->bik', a, b),
  },
};

const outcome = (f: (o: Operands) => tf.Tensor, operands: Operands) => {
  const names = Object.keys(operands);
  const whole = (...list: tf.Tensor[]) => f(Object.fromEntries(list.map((x, i) => [names[i], x])));
  const loss = (...list: tf.Tensor[]) => {
    const y = tf.cast(whole(...list), 'float32');
    return tf.mean(tf.mul(y, values(y.shape, 9))) as tf.Scalar;
  };
  return { y: whole(...Object.values(operands)), gradients: tf.grads(loss)(Object.values(operands)) };
};

test.each(Object.keys(PRODUCTS))('%s: rounded operands, exact products, a rounded result', (name) => {
  tf.tidy(() => {
    const { of, f, slack = 2 ** -10 } = PRODUCTS[name];
    const operands = of();
    const low = engine.autocast('bfloat16', () => outcome(f, operands));
    const exact = outcome(f, Object.fromEntries(Object.entries(operands).map(([key, x]) => [key, rounded(x)])));
    const [found, expected] = [low.y.dataSync(), exact.y.dataSync()];
    const scale = Math.max(...expected.map(Math.abs));
    expect(scale).toBeGreaterThan(0.1);
    expect(found).toEqual(rounded(low.y).dataSync());
    found.forEach((y, i) => {
      expect(Math.abs(y - expected[i])).toBeLessThanOrEqual(2 ** -8 * Math.abs(expected[i]) + slack * scale);
    });
    for (const [k, gradient] of low.gradients.entries()) {
      const [mine, theirs] = [gradient, exact.gradients[k]].map((g) => g.dataSync());
      const norm = Math.hypot(...theirs);
      expect(Math.hypot(...mine.map((g, i) => g - theirs[i])) / norm, Object.keys(operands)[k]).toBeLessThan(0.02);
    }
  });
});

test.each(Object.keys(PRODUCTS).filter((name) => name.startsWith('DetConv2D')))(
  '%s: a kept filter gives the same bits',
  (name) => {
    tf.tidy(() => {
      const { of, f } = PRODUCTS[name];
      const operands = of();
      const [first, ...others] = engine.autocast('bfloat16', () => [1, 2, 3].map(() => f(operands)));
      for (const y of others) expect(y.dataSync()).toEqual(first.dataSync());
    });
  },
);

test('SiLU in bfloat16 of numbers without a sum: NaN, infinity, numbers beyond the exponential', () => {
  tf.tidy(() => {
    const numbers = [Number.NaN, Infinity, 3e38, 200, 100, 20, 1, 0.01, 0, -0.01, -1, -20, -100, -200, -3e38];
    const x = tf.tensor4d(
      numbers.flatMap((v) => [v, 0]),
      [1, 1, numbers.length, 2],
    );
    const filter = tf.tensor4d([1, 1, 0, 0], [1, 1, 2, 2]);
    const attrs = { ...geometry, padding: [0, 0], activation: 'silu' };
    const found = engine.autocast('bfloat16', () => runKernel<tf.Tensor>('DetConv2D', { x, filter }, attrs)).dataSync();
    for (const [k, v] of rounded(tf.tensor1d(numbers)).dataSync().entries()) {
      const expected = v / (1 + Math.exp(-v));
      if (Number.isFinite(expected))
        expect(Math.abs(found[2 * k] - expected)).toBeLessThanOrEqual(2 ** -8 * Math.abs(expected) + 1e-6);
      else expect(found[2 * k], String(v)).toEqual(expected);
    }
  });
});

test('the attention of transformers too', () => {
  tf.tidy(() => {
    const [q, k, v] = [1, 2, 3].map((seed) => values([2, 6, 16], seed));
    const attend = (...list: tf.Tensor[]) =>
      runKernel<tf.Tensor>(
        'DetAttention',
        { query: list[0], key: list[1], value: list[2] },
        { heads: 4, scale: 0.5, dropout: 0, seed: 0 },
      );
    const found = engine.autocast('bfloat16', () => attend(q, k, v));
    expect(found.dataSync()).toEqual(rounded(found).dataSync());
    const difference = tf.max(tf.abs(tf.sub(found, attend(...[q, k, v].map(rounded)))));
    expect(difference.arraySync()).toBeLessThan(0.02);
  });
});
