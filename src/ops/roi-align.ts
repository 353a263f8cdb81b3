// RoIAlign (He et al., Mask R-CNN, ICCV 2017) with mmcv's semantics: each bin averages bilinear samples on a regular grid.
// `aligned` shifts by half a pixel; `samplingRatio` 0 takes ceil(roi size / output size) samples a side, roi by roi.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { hasKernel, runKernel } from './kernel';

export interface RoIAlignOptions {
  /** [height, width] in bins. */
  outputSize: [number, number];
  /** Feature pixels per image pixel: 1 / stride. */
  spatialScale: number;
  /** Samples per bin and side; 0 adapts to the size of each roi. */
  samplingRatio?: number;
  aligned?: boolean;
}

/**
 * Pools `x` [N, H, W, C] over `rois` [K, 5] (image index, x1, y1, x2, y2 in image pixels) to [K, height, width, C].
 * Differentiable in `x`.
 *
 * @example roiAlign(tf.ones([1, 8, 8, 2]), tf.tensor2d([[0, 0, 0, 32, 32]]), { outputSize: [7, 7], spatialScale: 1 / 4 }).shape // [1, 7, 7, 2]
 */
export function roiAlign(x: tf.Tensor4D, rois: tf.Tensor2D, options: RoIAlignOptions): tf.Tensor4D {
  const { outputSize, spatialScale, samplingRatio = 0, aligned = true } = options;
  if (rois.shape[1] !== 5)
    throw new DetLabError(
      `Cannot pool over rois of shape [${rois.shape}]: expected [K, 5] (image index, x1, y1, x2, y2)`,
    );
  if (hasKernel('DetRoIAlign'))
    return runKernel<tf.Tensor4D>('DetRoIAlign', { x, rois }, { outputSize, spatialScale, samplingRatio, aligned });
  const outputShape: Shape = [rois.shape[0], outputSize[0], outputSize[1], x.shape[3]];
  if (rois.shape[0] === 0) return tf.zeros(outputShape);
  const samples = sampleGrid(rois.dataSync<'float32'>(), x.shape, { outputSize, spatialScale, samplingRatio, aligned });
  const pool = tf.customGrad((input) => ({
    value: tf.tensor4d(gather((input as tf.Tensor).dataSync<'float32'>(), samples, outputShape), outputShape),
    gradFunc: (dy: tf.Tensor) => tf.tensor4d(scatter(dy.dataSync<'float32'>(), samples, x.shape), x.shape),
  }));
  return pool(x) as tf.Tensor4D;
}

type Shape = [number, number, number, number];

/** Bin b reads pixels `pixels[starts[b] .. starts[b + 1]]` (row-major over N, H, W) with the weights beside them. */
interface Samples {
  starts: Int32Array;
  pixels: Int32Array;
  weights: Float32Array;
}

/**
 * Bilinear interpolation is separable, so a bin's pixels are the product of its rows and columns: `taps` gives for one
 * axis and bin the pixels read and their weights, averaged over the bin's samples.
 */
function taps(start: number, bin: number, count: number, length: number): [number, number][] {
  const found = new Map<number, number>();
  const put = (pixel: number, weight: number) => found.set(pixel, (found.get(pixel) ?? 0) + weight / count);
  for (let i = 0; i < count; i++) {
    let at = start + ((i + 0.5) * bin) / count;
    if (at < -1 || at > length) continue; // outside: counts as zero
    at = Math.max(at, 0);
    const low = Math.floor(at);
    if (low >= length - 1) put(length - 1, 1);
    else {
      put(low, 1 - (at - low));
      put(low + 1, at - low);
    }
  }
  return [...found];
}

const f = Math.fround; // the number of samples hangs on single precision, as in mmcv

function sampleGrid(rois: Float32Array, [, height, width]: Shape, options: Required<RoIAlignOptions>): Samples {
  const { outputSize, spatialScale, samplingRatio, aligned } = options;
  const starts: number[] = [0];
  const pixels: number[] = [];
  const weights: number[] = [];
  const axis = (low: number, high: number, bins: number, length: number) => {
    const shift = aligned ? 0.5 : 0;
    const start = f(f(low * spatialScale) - shift);
    const extent = f(f(f(high * spatialScale) - shift) - start);
    const size = aligned ? extent : Math.max(extent, 1);
    const count = samplingRatio > 0 ? samplingRatio : Math.ceil(f(size / bins));
    return Array.from({ length: bins }, (_, b) => taps(start + (b * size) / bins, size / bins, count, length));
  };
  for (let k = 0; k < rois.length; k += 5) {
    const rows = axis(rois[k + 2], rois[k + 4], outputSize[0], height);
    const columns = axis(rois[k + 1], rois[k + 3], outputSize[1], width);
    for (const row of rows)
      for (const column of columns) {
        for (const [y, wy] of row)
          for (const [x, wx] of column) {
            pixels.push((rois[k] * height + y) * width + x);
            weights.push(wy * wx);
          }
        starts.push(pixels.length);
      }
  }
  return { starts: Int32Array.from(starts), pixels: Int32Array.from(pixels), weights: Float32Array.from(weights) };
}

function gather(x: Float32Array, { starts, pixels, weights }: Samples, shape: Shape): Float32Array {
  const channels = shape[3];
  const out = new Float32Array(shape[0] * shape[1] * shape[2] * channels);
  for (let bin = 0; bin < starts.length - 1; bin++)
    for (let s = starts[bin]; s < starts[bin + 1]; s++) {
      const w = weights[s];
      for (let c = 0, from = pixels[s] * channels, to = bin * channels; c < channels; c++) out[to++] += w * x[from++];
    }
  return out;
}

function scatter(dy: Float32Array, { starts, pixels, weights }: Samples, shape: Shape): Float32Array {
  const channels = shape[3];
  const out = new Float32Array(shape[0] * shape[1] * shape[2] * channels);
  for (let bin = 0; bin < starts.length - 1; bin++)
    for (let s = starts[bin]; s < starts[bin + 1]; s++) {
      const w = weights[s];
      for (let c = 0, to = pixels[s] * channels, from = bin * channels; c < channels; c++) out[to++] += w * dy[from++];
    }
  return out;
}
