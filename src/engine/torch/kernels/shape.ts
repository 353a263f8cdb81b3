// Kernels that create, reshape, slice and concatenate tensors.

import * as tf from '@tensorflow/tfjs';
import { typeCode } from '../backend';
import { kernel, native } from '../native';
import { define } from './define';

/** tfjs's paddings, first axis first, in libtorch's order: last axis first. */
const torchPaddings = (paddings: [number, number][]) => [...paddings].reverse().flat();

const constant = (kernelName: string, values: (attrs: Record<string, number>) => ArrayLike<number>) =>
  define(kernelName, ({ attrs, backend }) => {
    const dtype: tf.DataType = attrs.dtype ?? 'float32';
    const list = values(attrs);
    return { dataId: backend.write(Float32Array.from(list), [list.length], 'float32'), shape: [list.length], dtype };
  });

export const shapeKernels: tf.KernelConfig[] = [
  define('Identity', ({ inputs: { x }, backend, slot }) => {
    slot(x); // moves it from another backend if necessary
    return backend.share(x);
  }),
  define('Reshape', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(
      kernel.reshape(slot(x), tf.util.inferFromImplicitShape(attrs.shape, tf.util.sizeFromShape(x.shape))),
      x.dtype,
    ),
  ),
  define('ExpandDims', ({ inputs: { input }, attrs, backend, slot }) => {
    const shape = [...input.shape];
    shape.splice(attrs.dim < 0 ? attrs.dim + shape.length + 1 : attrs.dim, 0, 1);
    return backend.make(kernel.reshape(slot(input), shape), input.dtype);
  }),
  define('Transpose', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.transpose(slot(x), attrs.perm), x.dtype),
  ),
  define('Tile', ({ inputs: { x }, attrs, backend, slot }) => backend.make(kernel.tile(slot(x), attrs.reps), x.dtype)),
  define('BroadcastTo', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.expand(slot(x), attrs.shape), x.dtype),
  ),
  define('Reverse', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.flip(slot(x), tf.util.parseAxisParam(attrs.dims, x.shape)), x.dtype),
  ),
  define('FlipLeftRight', ({ inputs: { image }, backend, slot }) =>
    backend.make(kernel.flip(slot(image), [2]), image.dtype),
  ),
  define('Slice', ({ inputs: { x }, attrs, backend, slot }) => {
    const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
    tf.slice_util.assertParamsValid(x, begin, size);
    return backend.make(kernel.slice(slot(x), begin, size), x.dtype);
  }),
  define('StridedSlice', ({ inputs: { x }, attrs, backend, slot }) => {
    const info = tf.slice_util.sliceInfo(
      x.shape,
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    const sizes = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    const cut = kernel.stridedSlice(slot(x), info.begin, sizes, info.strides);
    try {
      return backend.make(kernel.reshape(cut, info.finalShape), x.dtype);
    } finally {
      native.free(cut);
    }
  }),
  define('Concat', ({ inputs, attrs, backend, slot }) => {
    const parts = Object.values(inputs);
    return backend.make(
      kernel.concat(parts.map(slot), tf.util.parseAxisParam(attrs.axis, parts[0].shape)[0]),
      parts[0].dtype,
    );
  }),
  define('Pack', ({ inputs, attrs, backend, slot }) => {
    const parts = Object.values(inputs);
    return backend.make(kernel.pack(parts.map(slot), attrs.axis), parts[0].dtype);
  }),
  define('Unpack', ({ inputs: { value }, attrs, backend, slot }) => {
    const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis;
    const shape = value.shape.filter((_, i) => i !== axis);
    return native.unpack(slot(value), axis).map((part) => backend.wrap(part, [...shape], value.dtype));
  }),
  define('SplitV', ({ inputs: { x }, attrs, backend, slot }) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
    return native.split(slot(x), sizes, axis).map((part, i) =>
      backend.wrap(
        part,
        x.shape.map((d, k) => (k === axis ? sizes[i] : d)),
        x.dtype,
      ),
    );
  }),
  define('PadV2', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.pad(slot(x), torchPaddings(attrs.paddings), attrs.constantValue ?? 0), x.dtype),
  ),
  define('MirrorPad', ({ inputs: { x }, attrs, backend, slot }) => {
    const before = attrs.paddings.map((p: [number, number]) => p[0]);
    const after = attrs.paddings.map((p: [number, number]) => p[1]);
    return backend.make(kernel.mirrorPad(slot(x), before, after, attrs.mode === 'reflect' ? 1 : 0), x.dtype);
  }),
  define('DepthToSpace', ({ inputs: { x }, attrs, backend, slot }) => {
    if (attrs.dataFormat !== undefined && attrs.dataFormat !== 'NHWC')
      throw new Error(`Cannot run depthToSpace on the torch engine: expected NHWC, received ${attrs.dataFormat}`);
    return backend.make(kernel.depthToSpace(slot(x), attrs.blockSize), x.dtype);
  }),
  define('Fill', ({ attrs, backend }) => {
    const dtype: tf.DataType = attrs.dtype ?? tf.util.inferDtype(attrs.value);
    return backend.make(kernel.fill(attrs.shape, Number(attrs.value), typeCode(dtype)), dtype);
  }),
  define('Range', ({ attrs, backend }) => {
    const { start, stop, step, dtype } = attrs;
    const count = step === 0 ? 0 : Math.max(0, Math.ceil((stop - start) / step));
    const values = tf.util.getTypedArrayFromDType(dtype as 'float32' | 'int32', count);
    for (let i = 0; i < count; i++) values[i] = start + i * step;
    return { dataId: backend.write(values, [count], dtype), shape: [count], dtype };
  }),
  constant('LinSpace', ({ start, stop, num }) =>
    Array.from({ length: num }, (_, i) => (num === 1 ? start : start + (i * (stop - start)) / (num - 1))),
  ),
];
