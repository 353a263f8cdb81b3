// Every tfjs kernel of the torch backend against tfjs's cpu backend: values, shapes and dtypes.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { matchesCpu, values } from './parity';

const x = () => values([2, 3, 4], 1);
const positive = () => tf.add(tf.abs(values([2, 3, 4], 2)), 0.1);
const image = () => values([2, 9, 11, 5], 3);
const ints = () => tf.tensor2d([7, -7, 5, 0, -3, 12], [2, 3], 'int32');
const bools = () => tf.tensor1d([1, 0, 1, 1], 'bool');

const unary: Record<string, (t: tf.Tensor) => tf.Tensor> = {
  abs: tf.abs,
  neg: tf.neg,
  relu: tf.relu,
  relu6: (t) => tf.relu6(tf.mul(t, 9)),
  square: tf.square,
  floor: (t) => tf.floor(tf.mul(t, 5)),
  ceil: (t) => tf.ceil(tf.mul(t, 5)),
  round: (t) => tf.round(tf.mul(t, 5)),
  sign: tf.sign,
  exp: tf.exp,
  expm1: tf.expm1,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
  elu: tf.elu,
  selu: tf.selu,
  erf: tf.erf,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  asin: tf.asin,
  acos: tf.acos,
  atan: tf.atan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  asinh: tf.asinh,
  atanh: tf.atanh,
  leakyRelu: (t) => tf.leakyRelu(t, 0.1),
  prelu: (t) => tf.prelu(t, tf.tensor1d([0.1, 0.2, 0.3, 0.4])),
  step: (t) => tf.step(t, 0.25),
  clip: (t) => tf.clipByValue(t, -0.5, 0.25),
  reciprocal: tf.reciprocal,
  logSigmoid: tf.logSigmoid,
  isNaN: (t) => tf.isNaN(tf.log(t)),
  isInf: (t) => tf.isInf(tf.div(t, 0)),
  isFinite: (t) => tf.isFinite(tf.div(t, 0)),
  toInt: (t) => tf.cast(tf.mul(t, 9), 'int32'),
  toBool: (t) => tf.cast(tf.relu(t), 'bool'),
};

const binary: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  floorDiv: tf.floorDiv,
  mod: tf.mod,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
  atan2: tf.atan2,
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
};

const others: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  log: () => tf.log(positive()),
  log1p: () => tf.log1p(positive()),
  sqrt: () => tf.sqrt(positive()),
  rsqrt: () => tf.rsqrt(positive()),
  acosh: () => tf.acosh(tf.add(positive(), 1)),
  pow: () => tf.pow(positive(), tf.scalar(2.5)),
  'pow of integers': () => tf.pow(ints(), tf.scalar(2, 'int32')),
  'division of integers floors': () => tf.div(ints(), tf.tensor1d([2, 2, -3], 'int32')),
  'mod of integers': () => tf.mod(ints(), tf.tensor1d([4, -4, 3], 'int32')),
  'sum of bool counts': () => tf.sum(bools()),
  'mean of integers': () => tf.mean(ints(), 1),
  'add of integers': () => tf.add(ints(), 3),
  'comparison of integers': () => tf.greater(ints(), tf.scalar(1, 'int32')),
  logicalAnd: () => tf.logicalAnd(bools(), tf.tensor1d([1, 1, 0, 1], 'bool')),
  logicalOr: () => tf.logicalOr(bools(), tf.tensor1d([0, 0, 0, 1], 'bool')),
  logicalXor: () => tf.logicalXor(bools(), tf.tensor1d([0, 0, 0, 1], 'bool')),
  logicalNot: () => tf.logicalNot(bools()),
  addN: () => tf.addN([x(), x(), x()]),
  where: () => tf.where(tf.greater(x(), 0), x(), tf.zerosLike(x())),
  sum: () => [tf.sum(x()), tf.sum(x(), 1), tf.sum(x(), [0, 2], true), tf.sum(x(), -1), tf.sum(tf.scalar(3))],
  mean: () => [tf.mean(x()), tf.mean(x(), [1, 2]), tf.mean(x(), 0, true)],
  max: () => [tf.max(x()), tf.max(x(), 1), tf.max(x(), [0, 2], true)],
  min: () => [tf.min(x()), tf.min(ints(), 1)],
  prod: () => [tf.prod(x()), tf.prod(x(), [0, 2]), tf.prod(ints(), 1, true)],
  all: () => [tf.all(bools()), tf.all(tf.tensor2d([1, 1, 0, 1], [2, 2], 'bool'), 1)],
  any: () => [tf.any(bools()), tf.any(tf.tensor2d([1, 1, 0, 0], [2, 2], 'bool'), 1)],
  argMax: () => [tf.argMax(x(), 1), tf.argMax(x(), -1), tf.argMax(tf.tensor1d([1, 3, 3]))],
  argMin: () => tf.argMin(x(), 2),
  cumsum: () => [
    tf.cumsum(x(), 1),
    tf.cumsum(x(), 2, true),
    tf.cumsum(x(), 0, false, true),
    tf.cumsum(ints(), 1, true, true),
  ],
  cumprod: () => [tf.cumprod(x(), 1), tf.cumprod(x(), 1, true, true)],
  topk: () => {
    const { values: v, indices } = tf.topk(tf.tensor2d([3, 1, 3, 2, 2, 9, 9, 0], [2, 4]), 3);
    return [v, indices];
  },
  'topk of integers': () => {
    const { values: v, indices } = tf.topk(ints(), 2);
    return [v, indices];
  },
  logSumExp: () => tf.logSumExp(x(), 1),
  norm: () => tf.norm(x()),
  moments: () => Object.values(tf.moments(x(), [0, 1])) as tf.Tensor[],
  softmax: () => tf.softmax(x()),
  logSoftmax: () => tf.logSoftmax(x()),
  matMul: () => tf.matMul(values([3, 4], 1), values([4, 5], 2)),
  'matMul transposed': () => tf.matMul(values([4, 3], 1), values([5, 4], 2), true, true),
  'matMul batched': () => tf.matMul(values([6, 3, 4], 1), values([6, 4, 5], 2)),
  'matMul broadcast': () => tf.matMul(values([2, 3, 3, 4], 1), values([4, 5], 2)),
  dot: () => tf.dot(values([4], 1), values([4], 2)),
  outerProduct: () => tf.outerProduct(values([3], 1) as tf.Tensor1D, values([4], 2) as tf.Tensor1D),
  einsum: () => [
    tf.einsum('ij,jk->ik', values([3, 4], 1), values([4, 5], 2)),
    tf.einsum('bhqd,bhkd->bhqk', values([1, 2, 3, 4], 1), values([1, 2, 5, 4], 2)),
  ],
  fusedMatMul: () =>
    tf.fused.matMul({ a: values([3, 4], 1), b: values([4, 5], 2), bias: values([5], 3), activation: 'relu' }),
  'fusedMatMul leaky': () =>
    tf.fused.matMul({
      a: values([3, 4], 1),
      b: values([4, 5], 2),
      bias: values([5], 3),
      activation: 'leakyrelu',
      leakyreluAlpha: 0.3,
    }),
  slice: () => [tf.slice(x(), [0, 1, 1], [2, 2, -1]), tf.slice(x(), 1), tf.slice(x(), [0, 0, 0], [0, 3, 4])],
  stridedSlice: () => [
    tf.stridedSlice(x(), [1, 2, 3], [-3, -4, 0], [-1, -1, -2]),
    tf.stridedSlice(x(), [0, 0, 1], [2, 3, 4], [1, 2, 2]),
    tf.stridedSlice(x(), [1, 0, 0], [2, 3, 4], [1, 1, 1], 0, 0, 0, 0, 1),
  ],
  concat: () => [tf.concat([x(), x()], 1), tf.concat([x(), tf.zeros([2, 3, 1])], -1)],
  stack: () => [tf.stack([x(), x()], 1), tf.stack([ints(), ints()], -1)],
  unstack: () => tf.unstack(x(), 1),
  split: () => [...tf.split(x(), 2, -1), ...tf.split(x(), [1, 2], 1)],
  pad: () =>
    tf.pad(
      x(),
      [
        [0, 1],
        [2, 0],
        [1, 1],
      ],
      0.5,
    ),
  'pad of integers': () =>
    tf.pad(
      ints(),
      [
        [1, 0],
        [0, 2],
      ],
      7,
    ),
  mirrorPad: () => [
    tf.mirrorPad(
      x(),
      [
        [0, 0],
        [1, 2],
        [2, 1],
      ],
      'reflect',
    ),
    tf.mirrorPad(
      x(),
      [
        [1, 0],
        [0, 2],
        [0, 0],
      ],
      'symmetric',
    ),
  ],
  reshape: () => [tf.reshape(x(), [4, -1]), tf.reshape(x(), [24])],
  transpose: () => [tf.transpose(x(), [2, 0, 1]), tf.transpose(x())],
  'reshape of a transposed tensor': () => tf.reshape(tf.transpose(x(), [2, 0, 1]), [8, 3]),
  expandDims: () => [tf.expandDims(x(), 1), tf.expandDims(x(), -1)],
  tile: () => tf.tile(x(), [1, 2, 3]),
  broadcastTo: () => tf.broadcastTo(values([3, 1], 1), [2, 3, 4]),
  reverse: () => [tf.reverse(x(), [0, 2]), tf.reverse(x())],
  gather: () => [
    tf.gather(x(), tf.tensor1d([2, 0, 2], 'int32'), 1),
    tf.gather(x(), tf.tensor2d([1, 0, 1, 1], [2, 2], 'int32')),
    tf.gather(x(), tf.tensor2d([1, 0, 2, 2], [2, 2], 'int32'), 1, 1),
  ],
  gatherND: () => tf.gatherND(x(), tf.tensor2d([0, 1, 1, 2], [2, 2], 'int32')),
  scatterND: () => tf.scatterND(tf.tensor2d([4, 3, 1, 3], [4, 1], 'int32'), tf.tensor1d([9, 10, 11, 12]), [8]),
  tensorScatterUpdate: () =>
    tf.tensorScatterUpdate(values([4, 3], 1), tf.tensor2d([1, 3], [2, 1], 'int32'), values([2, 3], 2)),
  sparseToDense: () => tf.sparseToDense(tf.tensor1d([1, 3], 'int32'), tf.tensor1d([5, 6]), [5], tf.scalar(-1)),
  unsortedSegmentSum: () => tf.unsortedSegmentSum(values([4, 3], 1), tf.tensor1d([1, 0, 1, 3], 'int32'), 5),
  oneHot: () => [
    tf.oneHot(tf.tensor1d([1, 0, 3], 'int32'), 3),
    tf.oneHot(tf.tensor2d([0, 1, 2, 1], [2, 2], 'int32'), 3, 5, -5),
  ],
  range: () => [tf.range(0, 7, 2), tf.range(5, 0, -2, 'int32')],
  linspace: () => tf.linspace(0, 1, 5),
  fill: () => [tf.fill([2, 3], 4), tf.ones([2], 'int32'), tf.zeros([3], 'bool')],
  eye: () => tf.eye(3),
  likes: () => [tf.zerosLike(ints()), tf.onesLike(x())],
  depthToSpace: () => tf.depthToSpace(values([1, 2, 3, 8], 1) as tf.Tensor4D, 2),
  conv2d: () => tf.conv2d(image() as tf.Tensor4D, values([3, 3, 5, 7], 2) as tf.Tensor4D, 1, 1),
  'conv2d same, even size': () =>
    tf.conv2d(values([1, 8, 10, 3], 1) as tf.Tensor4D, values([3, 3, 3, 4], 2) as tf.Tensor4D, 2, 'same'),
  'conv2d valid': () => tf.conv2d(image() as tf.Tensor4D, values([2, 3, 5, 7], 2) as tf.Tensor4D, [2, 1], 'valid'),
  'conv2d explicit pads': () =>
    tf.conv2d(image() as tf.Tensor4D, values([3, 3, 5, 7], 2) as tf.Tensor4D, 1, [
      [0, 0],
      [1, 2],
      [0, 1],
      [0, 0],
    ]),
  'conv2d dilated': () =>
    tf.conv2d(image() as tf.Tensor4D, values([3, 3, 5, 7], 2) as tf.Tensor4D, 1, 'same', 'NHWC', [2, 2]),
  'fused conv2d': () =>
    (['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation) =>
      tf.fused.conv2d({
        x: image() as tf.Tensor4D,
        filter: values([3, 3, 5, 7], 2) as tf.Tensor4D,
        strides: 2,
        pad: 1,
        bias: values([7], 9),
        activation,
        leakyreluAlpha: 0.2,
      }),
    ),
  'fused conv2d prelu': () =>
    tf.fused.conv2d({
      x: image() as tf.Tensor4D,
      filter: values([1, 1, 5, 7], 2) as tf.Tensor4D,
      strides: 1,
      pad: 0,
      activation: 'prelu',
      preluActivationWeights: values([7], 4),
    }),
  conv2dTranspose: () =>
    tf.conv2dTranspose(
      values([1, 4, 5, 7], 1) as tf.Tensor4D,
      values([3, 3, 5, 7], 2) as tf.Tensor4D,
      [1, 8, 10, 5],
      2,
      'same',
    ),
  depthwiseConv2d: () => tf.depthwiseConv2d(image() as tf.Tensor4D, values([3, 3, 5, 2], 2) as tf.Tensor4D, 2, 'same'),
  'fused depthwise': () =>
    tf.fused.depthwiseConv2d({
      x: image() as tf.Tensor4D,
      filter: values([3, 3, 5, 2], 2) as tf.Tensor4D,
      strides: 1,
      pad: 'same',
      bias: values([10], 3),
      activation: 'relu6',
    }),
  maxPool: () => [
    tf.maxPool(image() as tf.Tensor4D, 3, 2, 1),
    tf.maxPool(values([1, 8, 8, 3], 1) as tf.Tensor4D, 3, 2, 'same'),
    tf.maxPool(values([1, 8, 9, 3], 1) as tf.Tensor4D, [2, 3], [2, 1], 'valid'),
    tf.maxPool(values([1, 8, 8, 3], 1) as tf.Tensor4D, 3, 2, 0, 'ceil'),
  ],
  avgPool: () => [
    tf.avgPool(image() as tf.Tensor4D, 3, 2, 'same'),
    tf.avgPool(values([1, 8, 8, 3], 1) as tf.Tensor4D, 3, 2, 'same'),
    tf.avgPool(image() as tf.Tensor4D, 2, 2, 'valid'),
  ],
  resizeNearest: () => [
    tf.image.resizeNearestNeighbor(image() as tf.Tensor4D, [18, 22]),
    tf.image.resizeNearestNeighbor(image() as tf.Tensor4D, [5, 17]),
    tf.image.resizeNearestNeighbor(image() as tf.Tensor4D, [17, 6], true),
    tf.image.resizeNearestNeighbor(image() as tf.Tensor4D, [14, 20], false, true),
  ],
  resizeBilinear: () => [
    tf.image.resizeBilinear(image() as tf.Tensor4D, [18, 23]),
    tf.image.resizeBilinear(image() as tf.Tensor4D, [5, 7], true),
    tf.image.resizeBilinear(image() as tf.Tensor4D, [14, 20], false, true),
  ],
  batchNorm: () =>
    tf.batchNorm(image() as tf.Tensor4D, values([5], 1), tf.abs(values([5], 2)), values([5], 3), values([5], 4), 1e-5),
  'batchNorm without scale': () => tf.batchNorm(image() as tf.Tensor4D, values([5], 1), tf.abs(values([5], 2))),
  nonMaxSuppression: () =>
    tf.image.nonMaxSuppression(
      tf.tensor2d([0, 0, 4, 4, 0, 1, 4, 5, 9, 9, 12, 12], [3, 4]),
      tf.tensor1d([0.5, 0.9, 0.3]),
      3,
      0.5,
    ),
  flipLeftRight: () => tf.image.flipLeftRight(image() as tf.Tensor4D),
  'empty tensors': () => [
    tf.add(tf.zeros([0, 4]), 1),
    tf.sum(tf.zeros([0, 4]), 0),
    tf.concat([tf.zeros([0, 4]), tf.ones([2, 4])]),
  ],
};

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});

describe('torch kernels give what tfjs gives', () => {
  for (const [name, f] of Object.entries(unary)) it(name, () => matchesCpu(() => f(x())));
  for (const [name, f] of Object.entries(binary)) {
    it(name, () => matchesCpu(() => f(x(), values([3, 1], 7))));
    it(`${name}, ties and broadcast scalars`, () => matchesCpu(() => [f(x(), x()), f(x(), tf.scalar(0.5))]));
  }
  for (const [name, f] of Object.entries(others)) it(name, () => matchesCpu(f));
});
