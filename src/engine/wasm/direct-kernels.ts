// Kernels as loops over the wasm heap: the segment sum of gather's gradient, which tfjs-backend-wasm lacks, and kernels that
// it gets wrong: the cast to bool (copies the lowest byte), oneHot in float32 (writes integer bits), stridedSlice of integers
// (reads them as float32) and the empty sum (leaves the memory unwritten).

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { WasmHeap } from './heap';

/** x [n, ...rest], ids [n] -> [segments, ...rest]; negative ids are skipped, as in TensorFlow. */
function segmentSum(x: tf.TensorInfo, ids: tf.TensorInfo, segments: number, heap: WasmHeap): tf.TensorInfo {
  const rest = x.shape.slice(ids.shape.length);
  const width = tf.util.sizeFromShape(rest);
  const out = heap.makeOutput([segments, ...rest], x.dtype);
  const [from, to, index] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out), heap.typedArrayFromHeap(ids)];
  to.fill(0);
  for (let i = 0; i < index.length; i++) {
    const segment = index[i];
    if (segment < 0) continue;
    if (segment >= segments)
      throw new DetLabError(`Cannot run UnsortedSegmentSum: index ${segment} is outside axis 0 of size ${segments}`);
    const [source, target] = [i * width, segment * width];
    for (let k = 0; k < width; k++) to[target + k] += from[source + k];
  }
  return out;
}

function toBool(x: tf.TensorInfo, heap: WasmHeap): tf.TensorInfo {
  const out = heap.makeOutput(x.shape, 'bool');
  const [from, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out)];
  for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
  return out;
}

interface OneHot {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: tf.DataType;
}

function oneHot(indices: tf.TensorInfo, { depth, onValue, offValue, dtype }: OneHot, heap: WasmHeap): tf.TensorInfo {
  const out = heap.makeOutput([...indices.shape, depth], dtype);
  const [from, to] = [heap.typedArrayFromHeap(indices), heap.typedArrayFromHeap(out)];
  to.fill(offValue);
  for (let i = 0; i < from.length; i++) if (from[i] >= 0 && from[i] < depth) to[i * depth + from[i]] = onValue;
  return out;
}

/** The kernels, three of which wrap stock ones, which must be registered. */
export function directKernels(): tf.KernelConfig[] {
  const cast = tf.getKernel(tf.Cast, 'wasm')!;
  const sum = tf.getKernel(tf.Sum, 'wasm')!;
  const stridedSlice = tf.getKernel(tf.StridedSlice, 'wasm')!;
  return [
    {
      kernelName: tf.UnsortedSegmentSum,
      backendName: 'wasm',
      kernelFunc: ({ inputs, backend, attrs }) =>
        segmentSum(
          inputs.x as tf.TensorInfo,
          inputs.segmentIds as tf.TensorInfo,
          attrs!.numSegments as number,
          backend as WasmHeap,
        ),
    },
    {
      kernelName: tf.OneHot,
      backendName: 'wasm',
      kernelFunc: ({ inputs, backend, attrs }) =>
        oneHot(inputs.indices as tf.TensorInfo, attrs as unknown as OneHot, backend as WasmHeap),
    },
    {
      ...cast,
      kernelFunc: (call) => {
        const x = call.inputs.x as tf.TensorInfo;
        const known = x.dtype === 'float32' || x.dtype === 'int32';
        return call.attrs!.dtype === 'bool' && known ? toBool(x, call.backend as WasmHeap) : cast.kernelFunc(call);
      },
    },
    {
      ...stridedSlice,
      kernelFunc: (call) => {
        const x = call.inputs.x as tf.Tensor;
        if (x.dtype === 'float32') return stridedSlice.kernelFunc(call);
        return tf.tidy(() => {
          const inputs = { x: tf.cast(x, 'float32') };
          const out = stridedSlice.kernelFunc({ ...call, inputs }) as tf.TensorInfo;
          return tf.cast(tf.engine().makeTensorFromTensorInfo(out), x.dtype);
        });
      },
    },
    {
      ...sum,
      kernelFunc: (call) => {
        const out = sum.kernelFunc(call) as tf.TensorInfo;
        if (tf.util.sizeFromShape((call.inputs.x as tf.TensorInfo).shape) === 0)
          (call.backend as WasmHeap).typedArrayFromHeap(out).fill(0);
        return out;
      },
    },
  ];
}
