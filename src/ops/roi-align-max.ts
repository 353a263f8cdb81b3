// RoIAlign that keeps the largest of a bin's bilinear samples in place of their mean (mmcv's pool_mode 'max'): bins so fine that each
// holds one sample, then their maxima. A bin without samples is zero; mmcv writes -10000 there.

import * as tf from '@tensorflow/tfjs';
import { maxPool2d } from './max-pool2d';
import { type RoIAlignOptions, roiAlign } from './roi-align';

/** As `roiAlign`: [K, height, width, C]. */
export function roiAlignMax(x: tf.Tensor4D, rois: tf.Tensor2D, options: RoIAlignOptions): tf.Tensor4D {
  return tf.tidy(() => {
    const count = rois.shape[0];
    if ((options.samplingRatio ?? 0) > 0 || count === 0) {
      const samples = Math.max(options.samplingRatio ?? 0, 1);
      return maxOfSamples(x, rois, [samples, samples], options);
    }
    const grids = adaptiveGrids(rois.dataSync<'float32'>(), options);
    const kinds = [...new Set(grids.map(String))];
    const rows = kinds.map((kind) => [...grids.keys()].filter((k) => String(grids[k]) === kind));
    const pooled = rows.map((ofKind) =>
      maxOfSamples(x, tf.gather(rois, tf.tensor1d(ofKind, 'int32')), grids[ofKind[0]], options),
    );
    const place = new Int32Array(count);
    rows.flat().forEach((k, i) => {
      place[k] = i;
    });
    return tf.gather(tf.concat(pooled, 0), tf.tensor1d(place, 'int32'));
  });
}

function maxOfSamples(
  x: tf.Tensor4D,
  rois: tf.Tensor2D,
  [rows, columns]: [number, number],
  options: RoIAlignOptions,
): tf.Tensor4D {
  const [height, width] = options.outputSize;
  if (rows < 1 || columns < 1) return tf.zeros([rois.shape[0], height, width, x.shape[3]]);
  const outputSize: [number, number] = [height * rows, width * columns];
  return maxPool2d(roiAlign(x, rois, { ...options, outputSize, samplingRatio: 1 }), { size: [rows, columns] });
}

const f = Math.fround;

/** Samples per bin along y and x of each RoI. */
function adaptiveGrids(rois: Float32Array, { outputSize, spatialScale, aligned = true }: RoIAlignOptions) {
  const shift = aligned ? 0.5 : 0;
  const samples = (low: number, high: number, bins: number) => {
    const extent = f(f(f(high * spatialScale) - shift) - f(f(low * spatialScale) - shift));
    return Math.ceil(f((aligned ? extent : Math.max(extent, 1)) / bins));
  };
  return Array.from({ length: rois.length / 5 }, (_, k): [number, number] => {
    const [, x1, y1, x2, y2] = rois.subarray(5 * k, 5 * k + 5);
    return [samples(y1, y2, outputSize[0]), samples(x1, x2, outputSize[1])];
  });
}
