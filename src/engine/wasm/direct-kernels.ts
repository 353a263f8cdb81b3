// Kernels written as loops over the wasm heap: the segment sum behind gather's gradient (absent in
// tfjs-backend-wasm) and max pooling's gradient (there, 20 times slower and deaf to explicit padding).

import * as tf from '@tensorflow/tfjs';

/** The part of BackendWasm these loops use. */
interface Heap {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** x [n, ...rest], ids [n] -> [segments, ...rest]; ids outside 0 .. segments-1 are dropped, as in TensorFlow. */
function segmentSum(x: tf.TensorInfo, ids: tf.TensorInfo, segments: number, heap: Heap): tf.TensorInfo {
  const rest = x.shape.slice(ids.shape.length);
  const width = tf.util.sizeFromShape(rest);
  const out = heap.makeOutput([segments, ...rest], x.dtype);
  // The heap may move when it grows, so the views are taken after the last allocation.
  const [from, to, index] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out), heap.typedArrayFromHeap(ids)];
  to.fill(0);
  for (let i = 0; i < index.length; i++) {
    const segment = index[i];
    if (segment < 0 || segment >= segments) continue;
    const [source, target] = [i * width, segment * width];
    for (let k = 0; k < width; k++) to[target + k] += from[source + k];
  }
  return out;
}

/** dy goes to the first largest element of each window (row by row), as in PyTorch. */
function maxPoolGrad(dy: tf.TensorInfo, x: tf.TensorInfo, info: tf.backend_util.Conv2DInfo, heap: Heap): tf.TensorInfo {
  const out = heap.makeOutput(x.shape, 'float32');
  const [values, grads, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(dy), heap.typedArrayFromHeap(out)];
  to.fill(0);
  const { inHeight, inWidth, outHeight, outWidth, inChannels: channels } = info;
  const best = new Float32Array(channels);
  const where = new Int32Array(channels);
  let at = 0;
  for (let n = 0; n < info.batchSize; n++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * info.strideHeight - info.padInfo.top;
      for (let ow = 0; ow < outWidth; ow++, at += channels) {
        const left = ow * info.strideWidth - info.padInfo.left;
        best.fill(Number.NEGATIVE_INFINITY);
        where.fill(-1);
        for (let i = 0; i < info.effectiveFilterHeight; i += info.dilationHeight) {
          const h = top + i;
          if (h < 0 || h >= inHeight) continue;
          for (let j = 0; j < info.effectiveFilterWidth; j += info.dilationWidth) {
            const w = left + j;
            if (w < 0 || w >= inWidth) continue;
            const base = ((n * inHeight + h) * inWidth + w) * channels;
            for (let c = 0; c < channels; c++) {
              const value = values[base + c];
              if (value > best[c] || where[c] < 0) {
                best[c] = value;
                where[c] = base + c;
              }
            }
          }
        }
        for (let c = 0; c < channels; c++) if (where[c] >= 0) to[where[c]] += grads[at + c];
      }
    }
  }
  return out;
}

export const directKernels: tf.KernelConfig[] = [
  {
    kernelName: tf.UnsortedSegmentSum,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend, attrs }) =>
      segmentSum(
        inputs.x as tf.TensorInfo,
        inputs.segmentIds as tf.TensorInfo,
        attrs!.numSegments as number,
        backend as Heap,
      ),
  },
  {
    kernelName: tf.MaxPoolGrad,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const [dy, x] = [inputs.dy as tf.TensorInfo, inputs.input as tf.TensorInfo];
      const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
        filterSize: number;
        strides: number;
        pad: 'same';
        dimRoundingMode?: 'floor';
      };
      const shape = x.shape as [number, number, number, number];
      const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
      return maxPoolGrad(dy, x, info, backend as Heap);
    },
  },
];
