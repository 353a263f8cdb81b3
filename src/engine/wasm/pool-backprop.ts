// Gradients of pooling as loops over the wasm heap: tfjs-backend-wasm's max pooling gradient is five times slower, and its
// average pooling gradient counts padding, unlike its forward pass.

import * as tf from '@tensorflow/tfjs';
import type { WasmHeap } from './heap';

/** Calls `visit` for each window with the offset of its output and of the input pixels inside the image. */
export function forEachWindow(
  info: tf.backend_util.Conv2DInfo,
  visit: (output: number, pixels: number[]) => void,
): void {
  const { inHeight, inWidth, outHeight, outWidth, inChannels: channels } = info;
  let output = 0;
  for (let n = 0; n < info.batchSize; n++)
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * info.strideHeight - info.padInfo.top;
      for (let ow = 0; ow < outWidth; ow++, output += channels) {
        const left = ow * info.strideWidth - info.padInfo.left;
        const pixels: number[] = [];
        for (let h = Math.max(0, top); h < Math.min(inHeight, top + info.filterHeight); h++)
          for (let w = Math.max(0, left); w < Math.min(inWidth, left + info.filterWidth); w++)
            pixels.push(((n * inHeight + h) * inWidth + w) * channels);
        visit(output, pixels);
      }
    }
}

/** The windows of a pooling kernel. */
export function poolInfo(x: tf.TensorInfo, attrs: tf.NamedAttrMap | undefined): tf.backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
    filterSize: number;
    strides: number;
    pad: 'same';
    dimRoundingMode?: 'floor';
  };
  const shape = x.shape as [number, number, number, number];
  return tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
}

/** dy goes to the first maximum of each window in row-major order, or to its last NaN, as in PyTorch. */
function maxPoolGrad(dy: tf.TensorInfo, x: tf.TensorInfo, info: tf.backend_util.Conv2DInfo, heap: WasmHeap) {
  const out = heap.makeOutput(x.shape, 'float32');
  // the heap may move when it grows: views are created after the last allocation
  const [values, grads, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(dy), heap.typedArrayFromHeap(out)];
  const channels = info.inChannels;
  const best = new Float32Array(channels);
  const where = new Int32Array(channels);
  to.fill(0);
  forEachWindow(info, (output, pixels) => {
    if (pixels.length === 0) return;
    for (let c = 0; c < channels; c++) {
      best[c] = values[pixels[0] + c];
      where[c] = pixels[0];
    }
    for (let p = 1; p < pixels.length; p++) {
      const base = pixels[p];
      for (let c = 0; c < channels; c++) {
        const value = values[base + c];
        if (value > best[c] || Number.isNaN(value)) {
          best[c] = value;
          where[c] = base;
        }
      }
    }
    for (let c = 0; c < channels; c++) to[where[c] + c] += grads[output + c];
  });
  return out;
}

/** dy is distributed equally over the pixels of its window inside the image. */
function avgPoolGrad(dy: tf.TensorInfo, x: tf.TensorInfo, info: tf.backend_util.Conv2DInfo, heap: WasmHeap) {
  const out = heap.makeOutput(x.shape, 'float32');
  const [grads, to] = [heap.typedArrayFromHeap(dy), heap.typedArrayFromHeap(out)];
  to.fill(0);
  forEachWindow(info, (output, pixels) => {
    const share = 1 / pixels.length;
    for (const base of pixels) for (let c = 0; c < info.inChannels; c++) to[base + c] += grads[output + c] * share;
  });
  return out;
}

function poolKernel(kernelName: string, gradient: typeof maxPoolGrad): tf.KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const [dy, x] = [inputs.dy as tf.TensorInfo, inputs.input as tf.TensorInfo];
      return gradient(dy, x, poolInfo(x, attrs), backend as WasmHeap);
    },
  };
}

export const poolBackpropKernels: tf.KernelConfig[] = [
  poolKernel(tf.MaxPoolGrad, maxPoolGrad),
  poolKernel(tf.AvgPoolGrad, avgPoolGrad),
];
