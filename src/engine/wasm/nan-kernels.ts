// NaN on wasm, kept where stock kernels lose it, so that a broken model shows: the clamp in XNNPACK's convolutions, products and
// average pooling turns it into -infinity (then 0 after a ReLU), and elementwise kernels into one of their limits.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { activate } from './activate';
import type { WasmHeap } from './heap';
import { forEachWindow, poolInfo } from './pool-backprop';

/** The bits of -infinity in float32, as an int32: typed arrays find integers four times as fast as numbers. */
const NEGATIVE_INFINITY_BITS = 0xff800000 | 0;

/** A sum that overflows to -infinity becomes NaN as well: neither is a value that a detector can use. */
export function restoreNaN(out: tf.TensorInfo, heap: WasmHeap): void {
  const values = heap.typedArrayFromHeap(out);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = bits.indexOf(NEGATIVE_INFINITY_BITS); i >= 0; i = bits.indexOf(NEGATIVE_INFINITY_BITS, i + 1))
    values[i] = Number.NaN;
}

const hasNaN = (x: tf.TensorInfo, heap: WasmHeap): boolean =>
  x.dtype === 'float32' && (heap.typedArrayFromHeap(x) as Float32Array).includes(Number.NaN);

/** A stock kernel whose results go through `finish`. */
function finishing(
  kernelName: string,
  finish: (out: tf.TensorInfo, inputs: Record<string, tf.TensorInfo>, heap: WasmHeap) => void,
): tf.KernelConfig {
  const stock = tf.getKernel(kernelName, 'wasm')!;
  return {
    ...stock,
    kernelFunc: (call) => {
      const out = stock.kernelFunc(call) as tf.TensorInfo;
      finish(out, call.inputs as Record<string, tf.TensorInfo>, call.backend as WasmHeap);
      return out;
    },
  };
}

const clamped = (kernelName: string) => finishing(kernelName, (out, _, heap) => restoreNaN(out, heap));

/** Runs the activation after the convolution, since the fused one hides NaN as well. */
function unfused(kernelName: string): tf.KernelConfig {
  const stock = tf.getKernel(kernelName, 'wasm')!;
  return {
    ...stock,
    kernelFunc: (call) =>
      tf.tidy(() => {
        const { activation, leakyreluAlpha, ...attrs } = call.attrs as { activation: string; leakyreluAlpha?: number };
        const out = stock.kernelFunc({ ...call, attrs: { ...attrs, activation: 'linear' } }) as tf.TensorInfo;
        restoreNaN(out, call.backend as WasmHeap);
        const slope = call.inputs.preluActivationWeights as tf.Tensor | undefined;
        return activate(tf.engine().makeTensorFromTensorInfo(out), activation, slope, leakyreluAlpha);
      }),
  };
}

/** NaN where the input is NaN. */
const passing = (kernelName: string) =>
  finishing(kernelName, (out, { x }, heap) => {
    if (x.dtype !== 'float32') return;
    const [from, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out)];
    for (let i = 0; i < from.length; i++) if (Number.isNaN(from[i])) to[i] = Number.NaN;
  });

/** The stock kernels compare, and so lose a NaN on the right. */
function pair(kernelName: string): tf.KernelConfig {
  const stock = tf.getKernel(kernelName, 'wasm')!;
  return {
    ...stock,
    kernelFunc: (call) => {
      const out = stock.kernelFunc(call) as tf.TensorInfo;
      const b = call.inputs.b as tf.Tensor;
      if (!hasNaN(b, call.backend as WasmHeap)) return out;
      return tf.tidy(() => tf.where(tf.isNaN(b), b, tf.engine().makeTensorFromTensorInfo(out)));
    },
  };
}

/** The stock maximum and minimum leave the memory of an empty reduction unwritten. */
function refuseNothing(kernelName: string): tf.KernelConfig {
  return finishing(kernelName, (out, { x }) => {
    if (tf.util.sizeFromShape(x.shape) > 0 || tf.util.sizeFromShape(out.shape) === 0) return;
    throw new DetLabError(`Cannot take the ${kernelName.toLowerCase()} of [${x.shape}]: it has no elements`);
  });
}

/** The mean of nothing is 0 / 0. */
const mean = (kernelName: string) =>
  finishing(kernelName, (out, { x }, heap) => {
    if (tf.util.sizeFromShape(x.shape) === 0) heap.typedArrayFromHeap(out).fill(Number.NaN);
  });

/** Max pooling of an input with NaN, window by window. */
function maxPool(): tf.KernelConfig {
  const stock = tf.getKernel(tf.MaxPool, 'wasm')!;
  return {
    ...stock,
    kernelFunc: (call) => {
      const [x, heap] = [call.inputs.x as tf.TensorInfo, call.backend as WasmHeap];
      const out = stock.kernelFunc(call) as tf.TensorInfo;
      if (!hasNaN(x, heap)) return out;
      const [from, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out)];
      const info = poolInfo(x, call.attrs);
      forEachWindow(info, (output, pixels) => {
        for (let c = 0; c < info.inChannels; c++)
          if (pixels.some((pixel) => Number.isNaN(from[pixel + c]))) to[output + c] = Number.NaN;
      });
      return out;
    },
  };
}

/** The kernels, over stock ones, which must be registered. */
export function nanKernels(): tf.KernelConfig[] {
  return [
    ...[tf.Conv2D, tf.DepthwiseConv2dNative, tf.AvgPool].map(clamped),
    ...[tf.FusedConv2D, tf.FusedDepthwiseConv2D].map(unfused),
    ...[tf.Relu6, tf.ClipByValue, tf.Sign].map(passing),
    ...[tf.Maximum, tf.Minimum].map(pair),
    ...[tf.Max, tf.Min].map(refuseNothing),
    mean(tf.Mean),
    maxPool(),
  ];
}
