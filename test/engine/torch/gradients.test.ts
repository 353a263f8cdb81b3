// tfjs's gradient functions on libtorch's autograd: against tfjs's own tape on its cpu backend, and in the situations
// where the two could differ.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../../src/engine';
import { matchesCpu, values } from './parity';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
const x = () => values([2, 3, 4], 1);
const positive = () => tf.add(tf.abs(values([2, 3, 4], 2)), 0.1);
const image = () => values([2, 9, 11, 5], 3) as T4;
const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, values(y.shape, 99)));
const grad = (f: (t: tf.Tensor) => tf.Tensor, at: () => tf.Tensor) => () => tf.grad((t) => weigh(f(t)))(at());
const grads = (f: (...ts: tf.Tensor[]) => tf.Tensor, at: () => tf.Tensor[]) => () =>
  tf.grads((...ts) => weigh(f(...ts)))(at());

const cases: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  abs: grad(tf.abs, x),
  relu: grad(tf.relu, x),
  elu: grad(tf.elu, x),
  sigmoid: grad(tf.sigmoid, x),
  tanh: grad(tf.tanh, x),
  softplus: grad(tf.softplus, x),
  logSigmoid: grad(tf.logSigmoid, x),
  exp: grad(tf.exp, x),
  log: grad(tf.log, positive),
  sqrt: grad(tf.sqrt, positive),
  rsqrt: grad(tf.rsqrt, positive),
  pow: grad((t) => tf.pow(t, tf.scalar(2.5)), positive),
  square: grad(tf.square, x),
  clip: grad((t) => tf.clipByValue(t, -0.5, 0.5), x),
  leakyRelu: grad((t) => tf.leakyRelu(t, 0.1), x),
  add: grads(tf.add, () => [x(), values([3, 1], 2)]),
  sub: grads(tf.sub, () => [x(), values([4], 2)]),
  mul: grads(tf.mul, () => [x(), values([2, 1, 4], 2)]),
  div: grads(tf.div, () => [x(), positive()]),
  maximum: grads(tf.maximum, () => [x(), values([2, 3, 4], 5)]),
  minimum: grads(tf.minimum, () => [x(), values([2, 3, 4], 5)]),
  squaredDifference: grads(tf.squaredDifference, () => [x(), values([2, 3, 4], 5)]),
  where: grads(
    (a, b) => tf.where(tf.greater(x(), 0), tf.square(a), b),
    () => [x(), values([2, 3, 4], 5)],
  ),
  sum: grad((t) => tf.sum(t, [0, 2]), x),
  mean: grad((t) => tf.mean(t, 1, true), x),
  max: grad((t) => tf.max(t, 1), x),
  min: grad((t) => tf.min(t, 2), x),
  softmax: grad((t) => tf.softmax(t), x),
  logSoftmax: grad((t) => tf.logSoftmax(t), x),
  logSumExp: grad((t) => tf.logSumExp(t, 2), x),
  softmaxCrossEntropy: () =>
    tf.grad((t) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([1, 0], 'int32'), 4).toFloat(), t).asScalar())(
      values([2, 4], 1),
    ),
  sigmoidCrossEntropy: () =>
    tf.grad((t) => tf.losses.sigmoidCrossEntropy(tf.tensor2d([1, 0, 0, 1], [2, 2]), t).asScalar())(values([2, 2], 1)),
  matMul: grads(
    (a, b) => tf.matMul(a, b, false, true),
    () => [values([3, 4], 1), values([5, 4], 2)],
  ),
  'matMul batched': grads(
    (a, b) => tf.matMul(a, b),
    () => [values([2, 3, 4], 1), values([2, 4, 5], 2)],
  ),
  'fused matMul': grads(
    (a, b, c) => tf.fused.matMul({ a, b, bias: c, activation: 'relu' }),
    () => [values([3, 4], 1), values([4, 5], 2), values([5], 3)],
  ),
  reshape: grad((t) => tf.reshape(tf.transpose(t, [2, 0, 1]), [8, 3]), x),
  slice: grad((t) => tf.slice(t, [0, 1, 1], [2, 2, 2]), x),
  concat: grads(
    (a, b) => tf.concat([a, b], 1),
    () => [x(), values([2, 1, 4], 2)],
  ),
  stack: grads(
    (a, b) => tf.stack([a, b], 1),
    () => [x(), x()],
  ),
  unstack: grad((t) => tf.mul(tf.unstack(t, 1)[0], tf.unstack(t, 1)[2]), x),
  split: grad((t) => tf.mul(tf.split(t, 2, 2)[0], 3), x),
  pad: grad((t) => tf.pad(t, [[0, 1], [2, 0], [1, 1]]), x), // biome-ignore format: one line
  tile: grad((t) => tf.tile(t, [1, 2, 3]), x),
  broadcastTo: grad(
    (t) => tf.broadcastTo(t, [2, 3, 4]),
    () => values([3, 1], 1),
  ),
  reverse: grad((t) => tf.reverse(t, 1), x),
  gather: grad((t) => tf.gather(t, tf.tensor1d([2, 0, 2], 'int32'), 1), x),
  cast: grad((t) => tf.cast(tf.square(t), 'float32'), x),
  conv2d: grads(
    (a, b) => tf.conv2d(a as T4, b as T4, 2, 1),
    () => [image(), values([3, 3, 5, 7], 2)],
  ),
  'conv2d same, even size': grads(
    (a, b) => tf.conv2d(a as T4, b as T4, 2, 'same'),
    () => [values([1, 8, 10, 3], 1), values([3, 3, 3, 4], 2)],
  ),
  'conv2d to one channel of a small map': grads(
    (a, b) => tf.conv2d(a as T4, b as T4, 1, 'same'),
    () => [values([1, 2, 2, 16], 1), values([3, 3, 16, 1], 2)],
  ),
  'fused conv2d': grads(
    (a, b, c) => tf.fused.conv2d({ x: a as T4, filter: b as T4, strides: 1, pad: 1, bias: c, activation: 'relu' }),
    () => [image(), values([3, 3, 5, 7], 2), values([7], 4)],
  ),
  conv2dTranspose: grads(
    (a, b) => tf.conv2dTranspose(a as T4, b as T4, [1, 8, 10, 5], 2, 'same'),
    () => [values([1, 4, 5, 7], 1), values([3, 3, 5, 7], 2)],
  ),
  depthwiseConv2d: grads(
    (a, b) => tf.depthwiseConv2d(a as T4, b as T4, 1, 'same'),
    () => [image(), values([3, 3, 5, 2], 2)],
  ),
  maxPool: grad((t) => tf.maxPool(t as T4, 3, 2, 1), image),
  'maxPool same': grad(
    (t) => tf.maxPool(t as T4, 3, 2, 'same'),
    () => values([1, 8, 8, 3], 1),
  ),
  avgPool: grad((t) => tf.avgPool(t as T4, 3, 2, 'valid'), image),
  resizeNearest: grad(
    (t) => tf.image.resizeNearestNeighbor(t as T4, [18, 22]),
    () => values([1, 9, 11, 5], 3),
  ),
  batchNorm: grads(
    (a, m, v, o, s) =>
      tf.batchNorm(a as T4, m as tf.Tensor1D, tf.abs(v) as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D, 1e-3),
    () => [image(), values([5], 1), values([5], 2), values([5], 3), values([5], 4)],
  ),
};

describe('gradients agree with the tape', () => {
  for (const [name, run] of Object.entries(cases)) it(name, () => matchesCpu(run, 5e-5));
});

/** Central differences of sum(f * weights): for operations whose stock gradient is wrong or missing. */
function matchesDifferences(f: (t: tf.Tensor) => tf.Tensor, at: tf.Tensor): void {
  const analytic = tf
    .grad((t) => weigh(f(t)))(at)
    .dataSync();
  const base = Float32Array.from(at.dataSync());
  const step = 1 / 64;
  const at1 = (i: number, delta: number) => {
    const moved = Float32Array.from(base);
    moved[i] += delta;
    return tf.tidy(() => weigh(f(tf.tensor(moved, at.shape))).dataSync()[0]);
  };
  for (let i = 0; i < base.length; i += 3)
    expect(analytic[i]).toBeCloseTo((at1(i, step) - at1(i, -step)) / (2 * step), 2);
}

describe('gradients agree with differences', () => {
  const linear: Record<string, [(t: tf.Tensor) => tf.Tensor, number[]]> = {
    cumsum: [(t) => tf.cumsum(t, 1, true, true), [2, 3, 4]],
    resizeBilinear: [(t) => tf.image.resizeBilinear(t as T4, [9, 4]), [1, 5, 6, 2]],
    'resizeBilinear, corners': [(t) => tf.image.resizeBilinear(t as T4, [9, 4], true), [1, 5, 6, 2]],
    'conv2d dilated': [
      (t) => tf.conv2d(t as T4, values([3, 3, 2, 3], 2) as T4, 1, 'same', 'NHWC', [2, 2]),
      [1, 6, 5, 2],
    ],
    'avgPool same': [(t) => tf.avgPool(t as T4, 3, 2, 'same'), [1, 6, 5, 2]],
    einsum: [(t) => tf.einsum('ij,jk->ik', t, values([4, 5], 2)), [3, 4]],
    gatherND: [(t) => tf.gatherND(t, tf.tensor2d([0, 1, 1, 2], [2, 2], 'int32')), [2, 3, 4]],
    scatterND: [(t) => tf.scatterND(tf.tensor2d([4, 3, 1, 3], [4, 1], 'int32'), t, [8]), [4]],
    topk: [(t) => tf.topk(t, 2).values, [3, 4]],
    mirrorPad: [
      (t) =>
        tf.mirrorPad(
          t,
          [
            [1, 1],
            [0, 2],
          ],
          'reflect',
        ),
      [3, 4],
    ],
    unsortedSegmentSum: [(t) => tf.unsortedSegmentSum(t, tf.tensor1d([1, 0, 1, 3], 'int32'), 5), [4, 3]],
    prod: [(t) => tf.prod(t, 1), [3, 2]],
    stridedSlice: [(t) => tf.stridedSlice(t, [1, 2], [-3, -4], [-1, -2]), [2, 3]],
  };
  for (const [name, [f, shape]] of Object.entries(linear)) it(name, () => matchesDifferences(f, values(shape, 6)));
});

describe('gradient functions', () => {
  const list = (t: tf.Tensor) => Array.from(t.dataSync());

  it('takes second and third derivatives', () => {
    const cube = (t: tf.Tensor) => tf.sum(tf.mul(t, tf.square(t)));
    const at = tf.tensor1d([1, -2, 3]);
    expect(list(tf.grad(tf.grad(cube))(at))).toEqual([6, -12, 18]);
    expect(list(tf.grad(tf.grad(tf.grad(cube)))(at))).toEqual([6, 6, 6]);
  });

  it('differentiates through a gradient penalty', () => {
    // d/dw of sum (w sech^2(z w))^2, by hand: tfjs's own tape gets this wrong
    const z = [0.3, -0.7];
    const w = [0.5, 1.5];
    const found = tf.grad((v) => {
      const inner = tf.grad((t) => tf.sum(tf.tanh(tf.mul(t, v))))(tf.tensor1d(z));
      return tf.sum(tf.square(inner));
    })(tf.tensor1d(w));
    const expected = w.map((wi, i) => {
      const t = Math.tanh(z[i] * wi);
      const s = 1 - t * t;
      return 2 * wi * s * s * (1 - 2 * wi * z[i] * t);
    });
    list(found).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  });

  it('returns value and gradients with dy', () => {
    const { value, grads: found } = tf.valueAndGrads((a, b) => tf.mul(a, b))(
      [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])],
      tf.tensor1d([10, 100]),
    );
    expect(list(value)).toEqual([3, 8]);
    expect(found.map(list)).toEqual([[30, 400], [10, 200]]); // biome-ignore format: one line
  });

  it('gives variableGrads for trainable variables and null for those not reached', () => {
    const used = tf.variable(tf.tensor1d([1, 2]), true, 'used');
    const unused = tf.variable(tf.tensor1d([5]), true, 'unused');
    const counter = tf.variable(tf.scalar(3, 'int32'), true, 'counter');
    const { value, grads: found } = tf.variableGrads(() => tf.sum(tf.square(used)) as tf.Scalar);
    expect(value.dataSync()[0]).toBe(5);
    expect(list(found.used)).toEqual([2, 4]);
    expect(found.unused ?? null).toBeNull();
    expect(found.counter ?? null).toBeNull();
    tf.dispose([used, unused, counter, value, found.used]);
  });

  it('refuses a y that does not depend on x', () => {
    expect(() => tf.grad((t) => tf.zerosLike(t))(tf.tensor1d([1]))).toThrow(/Cannot compute gradient/);
    expect(() => tf.grad((t) => tf.cast(t, 'float32'))(tf.tensor1d([1, 2], 'int32'))).toThrow(
      /Cannot compute gradient/,
    );
    expect(() => tf.grads((a, _b) => tf.square(a))([tf.scalar(1), tf.scalar(2)])).toThrow(/Cannot compute gradient/);
  });

  it('treats clones made before f as constants and clones made inside as x', () => {
    const a = tf.tensor1d([1, 2]);
    const before = a.clone();
    expect(list(tf.grad((t) => tf.sum(tf.mul(t, before)))(a))).toEqual([1, 2]);
    expect(list(tf.grad((t) => tf.sum(tf.mul(t, t.clone())))(a))).toEqual([2, 4]);
  });

  it('keeps a clone that outlives f, without history', () => {
    const start = [tf.memory().numTensors, tf.memory().numDataBuffers, engine.memory().slots];
    const a = tf.tensor1d([1, 2]);
    let clone!: tf.Tensor;
    const g = tf.grad((t) => {
      clone = tf.keep(t.clone());
      return tf.sum(tf.square(t));
    })(a);
    expect(list(clone)).toEqual([1, 2]);
    expect(list(tf.grad((t) => tf.sum(tf.square(t)))(clone))).toEqual([2, 4]);
    tf.dispose([a, clone, g]);
    expect(tf.memory().numTensors - start[0]).toBe(1); // the gradient of the clone, not disposed above
    tf.disposeVariables();
  });

  it('lets f assign a variable it is differentiated by', () => {
    matchesCpu(() => {
      const v = tf.variable(tf.tensor1d([1, 2]));
      const { grads: found, value } = tf.variableGrads(() => {
        const loss = tf.sum(tf.square(v)) as tf.Scalar;
        v.assign(tf.mul(v, 2));
        return loss;
      }, [v]);
      const after = v.clone();
      v.dispose();
      return [found[Object.keys(found)[0]], value, after];
    });
  });

  it('takes the same tensor twice and y equal to x', () => {
    const a = tf.tensor1d([1, 2]);
    expect(tf.grads((p, q) => tf.sum(tf.mul(p, q)))([a, a]).map(list)).toEqual([[2, 4], [2, 4]]); // biome-ignore format: one line
    expect(list(tf.grad((t) => t)(a))).toEqual([1, 1]);
    expect(list(a)).toEqual([1, 2]);
  });

  it('trains with every optimizer of tfjs as the cpu backend does', () => {
    for (const make of [
      () => tf.train.sgd(0.1),
      () => tf.train.momentum(0.1, 0.9),
      () => tf.train.adam(0.1),
      () => tf.train.rmsprop(0.1),
      () => tf.train.adagrad(0.1),
    ])
      matchesCpu(() => {
        const v = tf.variable(values([3, 2], 4));
        const optimizer = make();
        for (let i = 0; i < 4; i++) optimizer.minimize(() => tf.sum(tf.square(tf.sub(v, 1))) as tf.Scalar, false, [v]);
        const result = v.clone();
        tf.dispose(v);
        optimizer.dispose();
        return result;
      });
  });

  it('names the operation and the shapes when f fails, and recovers', () => {
    expect(() => tf.grad((t) => tf.engine().runKernel('Add', { a: t, b: tf.zeros([3]) }))(tf.zeros([2, 2]))).toThrow(
      /"add".*\[2,2\].*\[3\]/s,
    );
    expect(list(tf.grad((t) => tf.sum(tf.square(t)))(tf.tensor1d([2])))).toEqual([4]);
  });
});

describe('nothing leaks', () => {
  const boom = tf.customGrad((t) => ({
    value: tf.clone(t as tf.Tensor),
    gradFunc: () => {
      throw new Error('boom');
    },
  }));
  const scenes: Record<string, () => void> = {
    grad: () => tf.grad((z) => tf.sum(tf.square(z)))(tf.tensor1d([1, 2])),
    'no path': () => tf.grad((z) => tf.step(z))(tf.tensor1d([1, 2])),
    'f throws': () =>
      tf.grad((z) => {
        tf.square(z);
        throw new Error('f');
      })(tf.tensor1d([1, 2])),
    'gradFunc throws': () => tf.grad((z) => tf.sum(boom(z)))(tf.tensor1d([1, 2])),
    second: () => tf.grad(tf.grad((z) => tf.sum(tf.pow(z, tf.scalar(3)))))(tf.tensor1d([1, 2])),
    assign: () => {
      const v = tf.variable(tf.tensor1d([1, 2]));
      tf.variableGrads(() => {
        const loss = tf.sum(tf.square(v)) as tf.Scalar;
        v.assign(tf.mul(v, 2));
        return loss;
      }, [v]);
      v.dispose();
    },
  };
  for (const [name, scene] of Object.entries(scenes))
    it(name, () => {
      const state = () => [tf.memory().numTensors, tf.memory().numDataBuffers, engine.memory().slots];
      const before = state();
      for (let i = 0; i < 3; i++)
        tf.tidy(() => {
          try {
            scene();
          } catch {
            // the scene is about what is left behind
          }
        });
      expect(state()).toEqual(before);
    });
});
