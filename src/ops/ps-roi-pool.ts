// Position-sensitive RoI pooling (Dai et al., R-FCN, NeurIPS 2016): each bin of an RoI reads maps of its own, as torchvision has them:
// channel (c bins + bin) is that of output channel c. `pool` averages whole pixels, `align` bilinear samples as RoIAlign does. Each bin
// becomes an RoI of one bin. Bins are clipped to the map; torchvision's forward pass leaves out the last row and column, which its
// backward pass has.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { roiAlign } from './roi-align';

export interface PSRoIPoolOptions {
  /** [height, width] in bins. */
  outputSize: [number, number];
  /** Scale from image to feature coordinates: 1 / stride. */
  spatialScale: number;
  mode: 'pool' | 'align';
  /** With `align`: samples per side of a bin; 0 or less: adaptive to the size of each RoI. */
  samplingRatio?: number;
}

/**
 * Pools `x` [N, H, W, C height width] in `rois` [K, 5] (image index, x1, y1, x2, y2 in image pixels) to [K, height, width, C].
 * Differentiable in `x`.
 *
 * @example psRoIPool(tf.ones([1, 8, 8, 18]), tf.tensor2d([[0, 0, 0, 32, 32]]), { outputSize: [3, 3], spatialScale: 1 / 4, mode: 'align' }).shape // [1, 3, 3, 2]
 * @throws DetLabError when the channels are not a multiple of the bins.
 */
export function psRoIPool(x: tf.Tensor4D, rois: tf.Tensor2D, options: PSRoIPoolOptions): tf.Tensor4D {
  const { outputSize, mode, samplingRatio = 0 } = options;
  const [n, h, w, channels] = x.shape;
  const bins = outputSize[0] * outputSize[1];
  if (channels % bins !== 0)
    throw new DetLabError(
      `Cannot pool RoIs by position: expected channels that are a multiple of ${outputSize.join(' x ')} bins, received ${channels}`,
    );
  const count = rois.shape[0];
  if (count === 0) return tf.zeros([0, ...outputSize, channels / bins]);
  return tf.tidy(() => {
    // [N, H, W, C bins] -> the maps of each bin as an image
    const byBin = tf
      .transpose(x.reshape([n, h, w, channels / bins, bins]), [0, 4, 1, 2, 3])
      .reshape<tf.Tensor4D>([n * bins, h, w, channels / bins]);
    const boxes = tf.tensor2d(binBoxes(rois.dataSync<'float32'>(), [h, w], options), [count * bins, 5]);
    const sampling = { samplingRatio: mode === 'align' ? samplingRatio : 0, aligned: true };
    return roiAlign(byBin, boxes, { outputSize: [1, 1], spatialScale: 1, ...sampling }).reshape([
      count,
      ...outputSize,
      channels / bins,
    ]);
  });
}

const f = Math.fround; // rounding, and the number of samples, depend on single precision, as in torchvision

/** The bins of each RoI as RoIs, in pixels of the map. */
function binBoxes(rois: Float32Array, size: [number, number], options: PSRoIPoolOptions): Float32Array {
  const { outputSize, spatialScale, mode } = options;
  const [rows, columns] = outputSize;
  const boxes = new Float32Array(rois.length * rows * columns);
  const axis = mode === 'pool' ? pixelBins : sampledBins;
  for (let k = 0, to = 0; k < rois.length; k += 5) {
    const [image, x1, y1, x2, y2] = rois.subarray(k, k + 5);
    const across = axis(f(x1 * spatialScale), f(x2 * spatialScale), columns, size[1]);
    const down = axis(f(y1 * spatialScale), f(y2 * spatialScale), rows, size[0]);
    for (const [row, [top, bottom]] of down.entries())
      for (const [column, [left, right]] of across.entries()) {
        // a bin without pixels in one direction has none
        const empty = mode === 'pool' && (right <= left || bottom <= top);
        const box = empty ? [left, top, left, top] : [left, top, right, bottom];
        boxes.set([image * rows * columns + row * columns + column, ...box], to);
        to += 5;
      }
  }
  return boxes;
}

/** Away from zero at halves, as C has it. */
const round = (v: number) => Math.sign(v) * Math.floor(Math.abs(v) + 0.5);

/** [first pixel, pixel after the last] of each bin: with these as its borders, an aligned RoI is sampled at each pixel once. */
function pixelBins(low: number, high: number, bins: number, length: number): [number, number][] {
  const start = round(low);
  const step = f(Math.max(round(high) - start, 1) / bins);
  const clip = (v: number) => Math.min(Math.max(v + start, 0), length);
  return Array.from({ length: bins }, (_, b) => [clip(Math.floor(f(b * step))), clip(Math.ceil(f((b + 1) * step)))]);
}

function sampledBins(low: number, high: number, bins: number): [number, number][] {
  const step = f(f(f(high - 0.5) - f(low - 0.5)) / bins);
  const samples = Math.ceil(step);
  return Array.from({ length: bins }, (_, b) => {
    const from = f(low + b * step);
    // a border that rounding moves must not change the number of samples
    let to = f(low + (b + 1) * step);
    for (let i = 1; Math.ceil(f(f(to - 0.5) - f(from - 0.5))) > samples && i < 8; i++)
      to = f(to - i * 2 ** -23 * Math.max(Math.abs(to), 1));
    return [from, to];
  });
}
