// Reductions, scans, top-k, softmax and matrix products.

import * as tf from '@tensorflow/tfjs';
import { kernel, native } from '../native';
import { define } from './define';

type ResultType = (dtype: tf.DataType) => tf.DataType;
const same: ResultType = (dtype) => dtype;
const counted: ResultType = (dtype) => (dtype === 'bool' ? 'int32' : dtype);

const reduction = (kernelName: string, name: string, type: ResultType = same) =>
  define(kernelName, ({ inputs: { x }, attrs, backend, slot }) => {
    const axes = tf.util.parseAxisParam(attrs.axis ?? attrs.reductionIndices, x.shape);
    return backend.make(kernel[name](slot(x), axes, Boolean(attrs.keepDims)), type(x.dtype));
  });

const extreme = (kernelName: string, name: string) =>
  define(kernelName, ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel[name](slot(x), tf.util.parseAxisParam(attrs.axis, x.shape)[0]), 'int32'),
  );

const scan = (kernelName: string, name: string) =>
  define(kernelName, ({ inputs: { x }, attrs, backend, slot }) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    return backend.make(
      kernel[name](slot(x), axis, Boolean(attrs.exclusive), Boolean(attrs.reverse)),
      counted(x.dtype),
    );
  });

const lastAxis = (x: tf.TensorInfo, axis: number | undefined) =>
  axis === undefined || axis < 0 ? x.shape.length + (axis ?? -1) : axis;

export const reductionKernels: tf.KernelConfig[] = [
  reduction('Sum', 'sum', counted),
  reduction('Mean', 'mean', () => 'float32'),
  reduction('Prod', 'prod', counted),
  reduction('Max', 'max'),
  reduction('Min', 'min'),
  reduction('All', 'all', () => 'bool'),
  reduction('Any', 'any', () => 'bool'),
  extreme('ArgMax', 'argMax'),
  extreme('ArgMin', 'argMin'),
  scan('Cumsum', 'cumsum'),
  scan('Cumprod', 'cumprod'),
  define('TopK', ({ inputs: { x }, attrs, backend, slot }) => {
    const [values, indices] = native.topK(slot(x), attrs.k);
    const shape = [...x.shape.slice(0, -1), attrs.k];
    return [backend.wrap(values, shape, x.dtype), backend.wrap(indices, [...shape], 'int32')];
  }),
  define('Softmax', ({ inputs: { logits }, attrs, backend, slot }) =>
    backend.make(kernel.softmax(slot(logits), lastAxis(logits, attrs.dim)), 'float32'),
  ),
  define('LogSoftmax', ({ inputs: { logits }, attrs, backend, slot }) =>
    backend.make(kernel.logSoftmax(slot(logits), lastAxis(logits, attrs.axis)), 'float32'),
  ),
  define('BatchMatMul', ({ inputs: { a, b }, attrs, backend, slot }) =>
    backend.make(
      kernel.matmul(slot(a), slot(b), Boolean(attrs.transposeA), Boolean(attrs.transposeB), -1, 'linear', 0, -1),
      a.dtype,
    ),
  ),
  define('_FusedMatMul', ({ inputs: { a, b, bias, preluActivationWeights }, attrs, backend, slot }) =>
    backend.make(
      kernel.matmul(
        slot(a),
        slot(b),
        Boolean(attrs.transposeA),
        Boolean(attrs.transposeB),
        slot(bias),
        attrs.activation ?? 'linear',
        attrs.leakyreluAlpha ?? 0.2,
        slot(preluActivationWeights),
      ),
      a.dtype,
    ),
  ),
  define('Einsum', ({ inputs, attrs, backend, slot }) => {
    const operands = Object.values(inputs);
    return backend.make(kernel.einsum(attrs.equation, operands.map(slot)), operands[0].dtype);
  }),
];
