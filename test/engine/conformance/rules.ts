// The rules of numbers at the edges, one list for every engine: NaN is never hidden, and never chosen where there is a number;
// gradients at ties and kinks are torch's; an index out of range is an error. Conformance runs them after the stored cases.

import * as tf from '@tensorflow/tfjs';
import { FocalLoss } from '../../../src/models/losses/focal-loss';
import { activate, attention, batchNormTrain, conv2d, layerNorm, maxPool2d, nms } from '../../../src/ops';

type Numbers = readonly number[];

export interface Rule {
  name: string;
  run: (...xs: tf.Tensor[]) => tf.Tensor;
  inputs: readonly tf.TensorLike[];
  /** Flat; absent where an error is expected. */
  value?: Numbers;
  /** Of the sum of the outputs in each input, flat. Where the input is NaN nothing is checked. */
  gradients?: readonly Numbers[];
  error?: RegExp;
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const X = [-1, 0, 2, nan];

/** A function of one tensor: its values and its gradient at the points `x`. */
const at = (name: string, run: (x: tf.Tensor) => tf.Tensor, x: Numbers, value: Numbers, gradient?: Numbers): Rule => ({
  name,
  run,
  inputs: [x],
  value,
  gradients: gradient && [gradient],
});

const image = (x: tf.Tensor) => x.reshape<tf.Tensor4D>([1, 2, 2, 1]);
const rows = (x: tf.Tensor, columns: number) => x.reshape<tf.Tensor2D>([-1, columns]);

const unary: Rule[] = [
  at('abs', tf.abs, X, [1, 0, 2, nan], [-1, 0, 1, nan]),
  at('sign', tf.sign, X, [-1, 0, 1, nan], [0, 0, 0, nan]),
  at('step', (x) => tf.step(x), X, [0, 0, 1, nan]),
  at('relu', tf.relu, X, [0, 0, 2, nan], [0, 0, 1, nan]),
  at('relu6', tf.relu6, [-1, 0, 2, 6, 7, nan], [0, 0, 2, 6, 6, nan], [0, 0, 1, 0, 0, nan]),
  at('leakyRelu', (x) => tf.leakyRelu(x, 0.5), X, [-0.5, 0, 2, nan], [0.5, 0.5, 1, nan]),
  at('elu', tf.elu, X, [Math.expm1(-1), 0, 2, nan], [Math.exp(-1), 1, 1, nan]),
  at('clip', (x) => tf.clipByValue(x, 0, 2), [-1, 0, 1, 2, 3, nan], [0, 0, 1, 2, 2, nan], [0, 1, 1, 1, 0, nan]),
  at('clip from below', (x) => tf.clipByValue(x, 0, infinity), X, [0, 0, 2, nan], [0, 1, 1, nan]),
  at('floor', tf.floor, [-0.5, 0, 2.5, nan], [-1, 0, 2, nan]),
  at('ceil', tf.ceil, [-0.5, 0, 2.5, nan], [0, 0, 3, nan]),
  at('round', tf.round, [-0.5, 0, 2.5, nan], [0, 0, 2, nan]),
  at('sqrt', tf.sqrt, [0, 4, -1, nan], [0, 2, nan, nan], [infinity, 0.25, nan, nan]),
  at('log', tf.log, [0, 1, -1, nan], [-infinity, 0, nan, nan], [infinity, 1, -1, nan]),
  at('square', tf.square, X, [1, 0, 4, nan], [-2, 0, 4, nan]),
  at('sigmoid', tf.sigmoid, [-infinity, 0, infinity, nan], [0, 0.5, 1, nan], [0, 0.25, 0, nan]),
  at('tanh', tf.tanh, [-infinity, 0, infinity, nan], [-1, 0, 1, nan], [0, 1, 0, nan]),
  at('softplus', tf.softplus, [-200, 0, 200, nan], [0, Math.LN2, 200, nan], [0, 0.5, 1, nan]),
  at('power 2', (x) => tf.pow(x, 2), [-1, 0, 2, nan], [1, 0, 4, nan], [-2, 0, 4, nan]),
  at('power 1', (x) => tf.pow(x, 1), [-1, 0, 2, nan], [-1, 0, 2, nan], [1, 1, 1, nan]),
  at('power 0', (x) => tf.pow(x, 0), [-1, 0, 2], [1, 1, 1], [0, 0, 0]),
  at('isNaN', (x) => tf.isNaN(x).cast('float32'), X, [0, 0, 0, 1]),
  at('isFinite', (x) => tf.isFinite(x).cast('float32'), [1, infinity, -infinity, nan], [1, 0, 0, 0]),
];

/** A function of two tensors of one shape. */
const both = (
  name: string,
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  inputs: [Numbers, Numbers],
  value: Numbers,
  gradients?: [Numbers, Numbers],
): Rule => ({ name, run, inputs, value, gradients });

const A = [1, 2, 3, nan, 1];
const B = [2, 2, 2, 1, nan];
const compare = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) => (a: tf.Tensor, b: tf.Tensor) =>
  f(a, b).cast('float32');

const binary: Rule[] = [
  both('maximum of NaN', tf.maximum, [A, B], [2, 2, 3, nan, nan]),
  both('minimum of NaN', tf.minimum, [A, B], [1, 2, 2, nan, nan]),
  both('maximum', tf.maximum, [[1, 2, 3], [2]], [2, 2, 3], [[0, 0.5, 1], [1.5]]),
  both('minimum', tf.minimum, [[1, 2, 3], [2]], [1, 2, 2], [[1, 0.5, 0], [1.5]]),
  both('less', compare(tf.less), [A, B], [1, 0, 0, 0, 0]),
  both('lessEqual', compare(tf.lessEqual), [A, B], [1, 1, 0, 0, 0]),
  both('greater', compare(tf.greater), [A, B], [0, 0, 1, 0, 0]),
  both('greaterEqual', compare(tf.greaterEqual), [A, B], [0, 1, 1, 0, 0]),
  both('equal', compare(tf.equal), [A, B], [0, 1, 0, 0, 0]),
  both('notEqual', compare(tf.notEqual), [A, B], [1, 0, 1, 1, 1]),
  both(
    'prelu',
    tf.prelu,
    [X, [0.5, 0.5, 0.5, 0.5]],
    [-0.5, 0, 2, nan],
    [
      [0.5, 0.5, 1, nan],
      [-1, 0, 0, nan],
    ],
  ),
  both('squaredDifference', tf.squaredDifference, [A, B], [1, 0, 1, nan, nan]),
  both(
    'division',
    tf.div,
    [
      [0, 1, 0],
      [1, 0, 0],
    ],
    [0, infinity, nan],
  ),
  // conditions carry no gradient and keep none from the branches
  both(
    'where',
    (a, b) => tf.where(tf.less(a, b), tf.square(a), tf.mul(b, 3)),
    [
      [1, 2, 3],
      [2, 2, 2],
    ],
    [1, 6, 6],
    [
      [2, 0, 0],
      [0, 3, 3],
    ],
  ),
  at(
    'masks',
    (x) => tf.mul(tf.cast(tf.logicalAnd(tf.greater(x, 1), tf.notEqual(x, 2)), 'float32'), x),
    [1, 2, 3],
    [0, 0, 3],
    [0, 0, 1],
  ),
];

const reductions: Rule[] = [
  at('max', (x) => tf.max(x), [1, 3, 3, 2], [3], [0, 0.5, 0.5, 0]),
  at('min', (x) => tf.min(x), [1, 3, 1, 1], [1], [1 / 3, 0, 1 / 3, 1 / 3]),
  at('max of rows', (x) => tf.max(rows(x, 2), 1), [3, 3, 1, 2], [3, 2], [0.5, 0.5, 0, 1]),
  at('max of columns', (x) => tf.max(rows(x, 2), 0, true), [3, 3, 3, 2], [3, 3], [0.5, 1, 0.5, 0]),
  at('max of NaN', (x) => tf.max(rows(x, 2), 1), [nan, 3, 3, nan, 1, 2], [nan, nan, 2]),
  at('min of NaN', (x) => tf.min(rows(x, 2), 1), [nan, 3, 3, nan, 1, 2], [nan, nan, 1]),
  at('max of -infinity', (x) => tf.max(rows(x, 2), 1), [-infinity, -infinity, -infinity, 2], [-infinity, 2]),
  at('sum of NaN', (x) => tf.sum(rows(x, 2), 1), [nan, 3, 1, 2], [nan, 3]),
  at('mean of NaN', (x) => tf.mean(rows(x, 2), 1), [nan, 3, 1, 2], [nan, 1.5]),
  at(
    'prod with zeros',
    (x) => tf.prod(rows(x, 3), 1),
    [2, 0, 3, 0, 0, 5, 1, 2, 3],
    [0, 0, 6],
    [0, 6, 0, 0, 0, 0, 6, 3, 2],
  ),
  at('sum of nothing', (x) => tf.sum(x), [], [0], []),
  at('mean of nothing', (x) => tf.mean(x), [], [nan]),
  // the order puts NaN last, whether the largest or the smallest is asked for
  at('argMax', (x) => tf.argMax(rows(x, 3), 1), [nan, 1, 2, 2, nan, 1, nan, nan, nan, 1, 1, 0], [2, 0, 0, 0]),
  at('argMax of columns', (x) => tf.argMax(rows(x, 2), 0), [nan, 1, 2, nan, 3, 0], [2, 0]),
  at('argMax of -infinity', (x) => tf.argMax(x), [nan, -infinity], [1]),
  at('argMin', (x) => tf.argMin(rows(x, 3), 1), [nan, 1, 2, 2, nan, 1, nan, nan, nan, 1, 0, 0], [1, 2, 0, 1]),
  at('values of topk', (x) => tf.topk(x, 3).values, [1, nan, 3, 2], [3, 2, 1], [1, nan, 1, 1]),
  at('indices of topk', (x) => tf.topk(x, 4).indices, [1, nan, 3, 3], [2, 3, 0, 1]),
  at('topk of rows', (x) => tf.topk(rows(x, 3), 2).indices, [nan, nan, -infinity, 1, nan, 2], [2, 0, 2, 0]),
  at('softmax', (x) => tf.softmax(rows(x, 2)), [1000, 1000, nan, 1], [0.5, 0.5, nan, nan]),
  at('logSumExp', (x) => tf.logSumExp(rows(x, 2), 1), [1000, 1000, nan, 1], [1000 + Math.LN2, nan]),
];

const windows: Rule[] = [
  at('max pooling of NaN', (x) => maxPool2d(image(x), { size: [2, 2] }), [1, nan, 3, 2], [nan]),
  at('max pooling of NaN last', (x) => tf.maxPool(image(x), 2, 2, 'valid'), [1, 2, 3, nan], [nan]),
  at('max pooling at ties', (x) => maxPool2d(image(x), { size: [2, 2] }), [1, 3, 3, 2], [3], [0, 1, 0, 0]),
  at('max pooling of -infinity', (x) => maxPool2d(image(x), { size: [2, 2] }), Array(4).fill(-infinity), [-infinity]),
  at('average pooling of NaN', (x) => tf.avgPool(image(x), 2, 2, 'valid'), [1, nan, 3, 2], [nan]),
];

const products: Rule[] = [
  at(
    'convolution of NaN',
    (x) => tf.conv2d(image(x), tf.ones([1, 1, 1, 1]), 1, 'valid'),
    [1, nan, 3, 2],
    [1, nan, 3, 2],
  ),
  at(
    'convolution of NaN with relu',
    (x) =>
      tf.fused.conv2d({ x: image(x), filter: tf.ones([1, 1, 1, 1]), strides: 1, pad: 'valid', activation: 'relu' }),
    [1, nan, 3, -1],
    [1, nan, 3, 0],
  ),
  at(
    'convolution of NaN with relu6',
    (x) =>
      tf.fused.conv2d({ x: image(x), filter: tf.ones([1, 1, 1, 1]), strides: 1, pad: 'valid', activation: 'relu6' }),
    [1, nan, 7, -1],
    [1, nan, 6, 0],
  ),
  at(
    'depthwise convolution of NaN',
    (x) => tf.depthwiseConv2d(image(x), tf.ones([1, 1, 1, 1]), 1, 'valid'),
    [1, nan, 3, 2],
    [1, nan, 3, 2],
  ),
  at('matrix product of NaN', (x) => tf.matMul(rows(x, 2), tf.tensor2d([[1], [1]])), [1, nan, 3, 2], [nan, 5]),
  at(
    'fused product of NaN',
    (x) => tf.fused.matMul({ a: rows(x, 2), b: tf.tensor2d([[1], [1]]), activation: 'relu' }),
    [1, nan, 3, 2],
    [nan, 5],
  ),
  at(
    'larger product of NaN',
    (x) => tf.max(tf.matMul(tf.mul(tf.ones([64, 64]), x.slice(1, 1)), tf.ones([64, 64]))),
    [1, nan],
    [nan],
  ),
  ...(['linear', 'relu', 'silu'] as const).flatMap((activation) => [
    at(
      `convolution with ${activation} of NaN`,
      (x) => conv2d(image(x), tf.ones([1, 1, 1, 1]), { activation }),
      [nan, nan, nan, nan],
      [nan, nan, nan, nan],
    ),
    at(
      `3x3 convolution with ${activation} of NaN`,
      (x) =>
        tf.mean(
          conv2d(tf.mul<tf.Tensor4D>(tf.ones([1, 16, 16, 16]), x), tf.ones([3, 3, 16, 16]), {
            padding: [1, 1],
            activation,
          }),
        ),
      [nan],
      [nan],
    ),
    at(
      `convolution and sum with ${activation} of NaN`,
      (x) => {
        const residual = tf.mul<tf.Tensor4D>(tf.ones([1, 16, 16, 16]), x);
        return tf.mean(conv2d(tf.ones([1, 16, 16, 16]), tf.ones([1, 1, 16, 16]), { residual, activation }));
      },
      [nan],
      [nan],
    ),
    at(
      `batch norm with ${activation} of NaN`,
      (x) => batchNormTrain(image(x), tf.ones([1]), tf.zeros([1]), { epsilon: 1e-5, activation }).y,
      [1, nan, 2, 3],
      [nan, nan, nan, nan],
    ),
  ]),
  ...(['gelu', 'silu', 'mish', 'hardswish'] as const).map((name) =>
    at(`${name} of NaN`, (x) => activate(x, name), [0, nan], [0, nan]),
  ),
  at('layer norm of NaN', (x) => layerNorm(rows(x, 2)), [1, 1, nan, 1], [0, 0, nan, nan]),
  at(
    'focal loss of NaN',
    (x) =>
      new FocalLoss({ gamma: 2, alpha: 0.25, reduction: 'sum', loss_weight: 1, activated: false }).forward(
        rows(x, 1),
        tf.zeros([2], 'int32'),
      ),
    [1, nan],
    [nan],
  ),
  at(
    'attention of NaN',
    (x) => {
      const q = x.reshape<tf.Tensor3D>([1, 2, 1]);
      return attention(q, q, q, { heads: 1 });
    },
    [1, nan],
    [nan, nan],
  ),
  at('bilinear resizing of NaN', (x) => tf.image.resizeBilinear(image(x), [1, 2]), [1, nan, 3, 2], [nan, nan]),
];

const BOXES = [0, 0, 9, 9, 0, 0, 9, 8, 20, 0, 29, 9, 20, 0, 29, 8, 40, 0, 49, 9];
const suppressed: Rule[] = [
  {
    name: 'nms: NaN scores come last and finite ones keep their order',
    run: (boxes, scores) => nms(rows(boxes, 4), scores as tf.Tensor1D, { iouThreshold: 0.5 }),
    inputs: [BOXES, [nan, 0.5, 0.4, nan, 0.9]],
    value: [4, 1, 2],
  },
];

const index = (x: tf.Tensor) => x.cast('int32') as tf.Tensor1D;
const outside = /index (value )?(-1|3) is (outside axis \d of size 3|not in \[0, 2\])/;
const refused = (name: string, run: (x: tf.Tensor, i: tf.Tensor) => tf.Tensor, indices: Numbers): Rule => ({
  name,
  run,
  inputs: [[1, 2, 3], indices],
  error: outside,
});

const indexing: Rule[] = [
  { name: 'max of nothing', run: (x) => tf.max(x), inputs: [[]], error: /Cannot/ },
  { name: 'min of nothing', run: (x) => tf.min(x), inputs: [[]], error: /Cannot/ },
  refused('segment after the end', (x, i) => tf.unsortedSegmentSum(x.slice(0, 2), index(i), 3), [0, 3]),
  refused('gather after the end', (x, i) => tf.gather(x, index(i)), [0, 3]),
  refused('gather before the beginning', (x, i) => tf.gather(x, index(i)), [-1, 2]),
  refused('batched gather after the end', (x, i) => tf.gather(rows(x, 3), rows(index(i), 2), 1, 1), [0, 3]),
  refused('gatherND after the end', (x, i) => tf.gatherND(x, index(i).expandDims(1)), [0, 3]),
  refused('scatterND after the end', (x, i) => tf.scatterND(index(i).expandDims(1), x.slice(0, 2), [3]), [0, 3]),
  refused('update after the end', (x, i) => tf.tensorScatterUpdate(x, index(i).expandDims(1), x.slice(0, 2)), [0, 3]),
  at('gather', (x) => tf.gather(x, tf.tensor1d([1, 1, 0], 'int32')), [1, 2, 3], [2, 2, 1], [1, 2, 0]),
  at('gatherND', (x) => tf.gatherND(x, tf.tensor2d([[1], [1]], [2, 1], 'int32')), [1, 2, 3], [2, 2], [0, 2, 0]),
  at(
    'gatherND of rows',
    (x) => tf.gatherND(rows(x, 2), tf.tensor2d([[1]], [1, 1], 'int32')),
    [1, 2, 3, 4],
    [3, 4],
    [0, 0, 1, 1],
  ),
  both(
    'scatterND',
    (x, y) => tf.mul(tf.scatterND(tf.tensor2d([[2], [0]], [2, 1], 'int32'), x, [3]), y),
    [
      [5, 7],
      [1, 2, 3],
    ],
    [7, 0, 15],
    [
      [3, 1],
      [7, 0, 5],
    ],
  ),
  both(
    'tensorScatterUpdate',
    (x, y) => tf.tensorScatterUpdate(x, tf.tensor2d([[2], [0]], [2, 1], 'int32'), y),
    [
      [1, 2, 3],
      [5, 7],
    ],
    [7, 2, 5],
    [
      [0, 1, 0],
      [1, 1],
    ],
  ),
  at(
    'stridedSlice of integers',
    (x) => tf.stridedSlice(rows(index(x), 3), [0, 0], [2, 3], [1, 2]),
    [1, 2, 3, 4, 5, 6],
    [1, 3, 4, 6],
  ),
  at('stridedSlice', (x) => tf.stridedSlice(x, [1], [4], [2]), [1, 2, 3, 4], [2, 4], [0, 1, 0, 1]),
  at(
    'unsortedSegmentSum',
    (x) => tf.unsortedSegmentSum(x, tf.tensor1d([-1, 1, 1], 'int32'), 2),
    [1, 2, 3],
    [0, 5],
    [0, 1, 1],
  ),
  at(
    'depthToSpace',
    (x) => tf.mul(tf.depthToSpace(x.reshape<tf.Tensor4D>([1, 1, 1, 4]), 2), image(tf.tensor1d([1, 2, 3, 4]))),
    [1, 1, 1, 1],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ),
  at('oneHot outside', (x) => tf.oneHot(index(x), 2), [-1, 1, 2], [0, 0, 0, 1, 0, 0]),
  at('cast of NaN', (x) => tf.cast(x, 'int32'), [1.5, -1.5, nan], [1, -1, 0]),
];

export const rules: readonly Rule[] = [
  ...unary,
  ...binary,
  ...reductions,
  ...windows,
  ...products,
  ...suppressed,
  ...indexing,
];
