// argMax, argMin and topK on wasm with NaN after every number, as on the torch engine: it is chosen only where nothing else is.
// The stock kernels compare with it, and so return any order.

import * as tf from '@tensorflow/tfjs';
import type { WasmHeap } from './heap';

/** The first largest (or, with `sign` -1, smallest) along an axis. */
function extremeIndex(x: tf.TensorInfo, axis: number, sign: 1 | -1, heap: WasmHeap): tf.TensorInfo {
  const length = x.shape[axis];
  const inner = tf.util.sizeFromShape(x.shape.slice(axis + 1));
  const outer = tf.util.sizeFromShape(x.shape.slice(0, axis));
  const out = heap.makeOutput([...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)], 'int32');
  const [from, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out)];
  for (let o = 0, k = 0; o < outer; o++)
    for (let i = 0; i < inner; i++, k++) {
      let at = o * length * inner + i;
      let best = from[at] * sign;
      to[k] = 0;
      for (let j = 1; j < length; j++) {
        const value = from[(at += inner)] * sign;
        if (value > best || (Number.isNaN(best) && !Number.isNaN(value))) {
          best = value;
          to[k] = j;
        }
      }
    }
  return out;
}

const extreme = (kernelName: string, sign: 1 | -1): tf.KernelConfig => ({
  kernelName,
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const x = inputs.x as tf.TensorInfo;
    const [axis] = tf.util.parseAxisParam(attrs!.axis as number, x.shape);
    return extremeIndex(x, axis, sign, backend as WasmHeap);
  },
});

/** Rewrites the rows of a result of topK whose input has NaN. */
function orderRows(x: tf.TensorInfo, [values, indices]: tf.TensorInfo[], k: number, heap: WasmHeap): void {
  const length = x.shape[x.shape.length - 1];
  const from = heap.typedArrayFromHeap(x) as Float32Array;
  const [best, where] = [heap.typedArrayFromHeap(values), heap.typedArrayFromHeap(indices)];
  for (let row = 0; row * length < from.length; row++) {
    const v = from.subarray(row * length, (row + 1) * length);
    if (!v.includes(Number.NaN)) continue;
    const numbers = Int32Array.from(v.keys()).filter((i) => !Number.isNaN(v[i]));
    const others = Int32Array.from(v.keys()).filter((i) => Number.isNaN(v[i]));
    const order = [...numbers.sort((a, b) => v[b] - v[a] || a - b), ...others].slice(0, k);
    where.set(order, row * k);
    best.set(
      order.map((i) => v[i]),
      row * k,
    );
  }
}

/** The kernels; topK over the stock one, which must be registered. */
export function orderKernels(): tf.KernelConfig[] {
  const topK = tf.getKernel(tf.TopK, 'wasm')!;
  return [
    extreme(tf.ArgMax, 1),
    extreme(tf.ArgMin, -1),
    {
      ...topK,
      kernelFunc: (call) => {
        const [x, heap] = [call.inputs.x as tf.TensorInfo, call.backend as WasmHeap];
        const out = topK.kernelFunc(call) as tf.TensorInfo[];
        if (x.dtype === 'float32') orderRows(x, out, call.attrs!.k as number, heap);
        return out;
      },
    },
  ];
}
