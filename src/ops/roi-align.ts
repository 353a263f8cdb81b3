// RoIAlign (He et al., Mask R-CNN, ICCV 2017) with mmcv's semantics: each bin averages bilinear samples on a regular grid.
// `aligned` shifts by half a pixel; `samplingRatio` 0 takes ceil(RoI size / output size) samples per side of a bin.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { hasKernel, runKernel } from './kernel';

export interface RoIAlignOptions {
  /** [height, width] in bins. */
  outputSize: [number, number];
  /** Scale from image to feature coordinates: 1 / stride. */
  spatialScale: number;
  /** Samples per side of a bin; 0 or less: adaptive to the size of each RoI. */
  samplingRatio?: number;
  aligned?: boolean;
}

/**
 * Pools `x` [N, H, W, C] in `rois` [K, 5] (image index, x1, y1, x2, y2 in image pixels) to [K, height, width, C].
 * Differentiable in `x`.
 *
 * @example roiAlign(tf.ones([1, 8, 8, 2]), tf.tensor2d([[0, 0, 0, 32, 32]]), { outputSize: [7, 7], spatialScale: 1 / 4 }).shape // [1, 7, 7, 2]
 */
export function roiAlign(x: tf.Tensor4D, rois: tf.Tensor2D, options: RoIAlignOptions): tf.Tensor4D {
  const { outputSize, spatialScale, aligned = true } = options;
  const samplingRatio = Math.max(options.samplingRatio ?? 0, 0);
  if (rois.shape[1] !== 5)
    throw new DetLabError(
      `Cannot pool RoIs: expected shape [K, 5] (image index, x1, y1, x2, y2), received [${rois.shape}]`,
    );
  if (hasKernel('DetRoIAlign'))
    return runKernel<tf.Tensor4D>('DetRoIAlign', { x, rois }, { outputSize, spatialScale, samplingRatio, aligned });
  const outputShape: Shape = [rois.shape[0], outputSize[0], outputSize[1], x.shape[3]];
  if (rois.shape[0] === 0) return tf.zeros(outputShape);
  const samples = sampleGrid(rois.dataSync<'float32'>(), x.shape, { outputSize, spatialScale, samplingRatio, aligned });
  const pool = tf.customGrad<tf.Tensor4D>(() => ({
    value: tf.tensor4d(gather(x.dataSync<'float32'>(), samples, outputShape), outputShape),
    gradFunc: (dy) => tf.tensor4d(scatter(dy.dataSync<'float32'>(), samples, x.shape), x.shape),
  }));
  return pool(x);
}

type Shape = [number, number, number, number];

/** Bin b reads `pixels[starts[b] .. starts[b + 1]]` (row-major over N, H, W) with the corresponding `weights`. */
interface Samples {
  starts: Int32Array;
  pixels: Int32Array;
  weights: Float32Array;
}

/**
 * [pixel, weight] of a bin along one axis, averaged over its samples. Bilinear interpolation is separable: a bin's weights
 * are the products of those of its rows and columns.
 */
function taps(start: number, bin: number, count: number, length: number): [number, number][] {
  const weights = new Map<number, number>();
  const add = (pixel: number, weight: number) => weights.set(pixel, (weights.get(pixel) ?? 0) + weight / count);
  for (let i = 0; i < count; i++) {
    const sample = start + ((i + 0.5) * bin) / count;
    if (sample < -1 || sample > length) continue; // outside: zero
    const position = Math.max(sample, 0);
    const low = Math.floor(position);
    if (low >= length - 1) add(length - 1, 1);
    else {
      add(low, 1 - (position - low));
      add(low + 1, position - low);
    }
  }
  return [...weights];
}

const f = Math.fround; // the number of samples depends on single precision, as in mmcv

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

/** Four pixels at a time, in single precision: each value of the result is read and written a quarter as often. */
function gather(x: Float32Array, { starts, pixels, weights }: Samples, shape: Shape): Float32Array {
  const channels = shape[3];
  const out = new Float32Array(shape[0] * shape[1] * shape[2] * channels);
  for (let bin = 0; bin < starts.length - 1; bin++) {
    const [first, last] = [bin * channels, (bin + 1) * channels];
    let s = starts[bin];
    for (; s + 3 < starts[bin + 1]; s += 4) {
      const [w0, w1, w2, w3] = [weights[s], weights[s + 1], weights[s + 2], weights[s + 3]];
      let [p0, p1] = [pixels[s] * channels, pixels[s + 1] * channels];
      let [p2, p3] = [pixels[s + 2] * channels, pixels[s + 3] * channels];
      for (let to = first; to < last; to++) {
        const pair = f(f(w0 * x[p0++]) + f(w1 * x[p1++]));
        out[to] = f(f(out[to] + pair) + f(f(w2 * x[p2++]) + f(w3 * x[p3++])));
      }
    }
    for (; s < starts[bin + 1]; s++) {
      const w = weights[s];
      for (let to = first, from = pixels[s] * channels; to < last; to++) out[to] = f(out[to] + f(w * x[from++]));
    }
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
