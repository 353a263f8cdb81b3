// Masks of RTMDet-Ins: those of the positives, compared with the ground truth, and those of detections. n: instances.

import * as tf from '@tensorflow/tfjs';
import type { ImageMeta } from '../../data/types';
import {
  type AxisMap,
  bilinearAxis,
  composeAxes,
  cropAxis,
  type Resampling,
  type Rle,
  resampleMask,
} from '../../masks';
import { interpolate } from '../../ops';
import { meanOverRanks } from '../../ops/over-ranks';
import type { Loss } from '../losses';
import { everyNthPixel } from '../mask-heads/condinst-mask-head';
import { type DynamicNetwork, dynamicMasks } from '../mask-heads/dynamic-masks';
import { type DynamicMaskParts, logitOf } from '../mask-heads/image-mask-parts';
import { maskTruths } from '../mask-heads/instance-loss';
import type { PriorGenerator } from '../task-modules';
import type { DetBatch } from '../types';
import type { ImageTargets } from './image-targets';
import type { CandidateParts } from './selection';

/** Pixels of the place of a prior are counted in so many of its strides. */
const STRIDES = 8;

export interface InstanceMaps {
  /** The map of the batch [N, h, w, C]. */
  features: tf.Tensor4D;
  /** Weights of the masks' networks [N, T, K]. */
  kernels: tf.Tensor3D;
  network: DynamicNetwork;
  /** Points with strides of all levels [T, 4]; the first h * w are those of the map. */
  points: Float32Array;
}

/** Logits [n, h, w] of the masks of the priors `indices` of an image. */
export function instanceLogits(maps: InstanceMaps, image: number, indices: Int32Array): tf.Tensor3D {
  const { features, kernels, network, points } = maps;
  const [, h, w, channels] = features.shape;
  const own = kernels.slice([image, 0, 0], [1, -1, -1]).reshape<tf.Tensor2D>([-1, kernels.shape[2]]);
  const places = (cells: number, axis: 0 | 1) =>
    Float32Array.from({ length: indices.length * cells }, (_, k) => {
      const [prior, cell] = [4 * indices[Math.floor(k / cells)], k % cells];
      const place = points[4 * (axis === 0 ? cell : cell * w) + axis];
      return Math.fround(points[prior + axis] - place) / Math.fround(points[prior + 2] * STRIDES);
    });
  return dynamicMasks(
    {
      features: features.slice([image, 0, 0, 0], [1, -1, -1, -1]).reshape<tf.Tensor3D>([h, w, channels]),
      parameters: tf.gather(own, tf.tensor1d(indices, 'int32')),
      x: places(w, 0),
      y: places(h, 1),
    },
    network,
  );
}

/** How masks are computed, for programs that cannot call `masksOfPriors`, and read. */
export function instanceMaskParts(
  network: DynamicNetwork,
  priors: PriorGenerator,
  threshold: number,
): DynamicMaskParts {
  const [[x, y, ...steps]] = priors.gridPriors(priors.strides.map(() => [1, 1]));
  return {
    network,
    origin: [x, y],
    steps: [steps[0], steps[1]],
    reach: STRIDES,
    enlarged: 1,
    reading: { values: 'logits', cells: 'centered', threshold: logitOf(threshold) },
  };
}

/** What they are computed of. */
export const instanceCandidateParts = ({ features, kernels, points }: InstanceMaps): CandidateParts => ({
  parameters: kernels,
  points: tf.tensor2d(points, [points.length / 4, 4]),
  map: features,
});

interface Comparison {
  loss: Loss;
  batch: DetBatch;
  /** Stride of the map, and that at which masks are compared. */
  stride: number;
  lossStride: number;
}

/** The sum of the losses of all positives over their number; undefined without any. */
export function instanceLoss(
  maps: InstanceMaps,
  images: readonly ImageTargets[],
  { loss, batch, stride, lossStride }: Comparison,
): tf.Scalar | undefined {
  const sums = images.flatMap(({ positive, truths }, image) => {
    if (positive.length === 0) return [];
    const coarse = instanceLogits(maps, image, positive).expandDims<tf.Tensor4D>(3);
    const scaleFactor = Math.floor(stride / lossStride);
    const logits = interpolate(coarse, { scaleFactor, mode: 'bilinear' }).squeeze<tf.Tensor3D>([3]);
    const [n, h, w] = logits.shape;
    const { rles } = maskTruths(batch, image);
    const small = rles.map((rle) => everyNthPixel(rle, lossStride, h, w));
    const target = new Float32Array(n * h * w);
    for (const [i, truth] of truths.entries()) target.set(small[truth], i * h * w);
    return [tf.sum(loss.forward(logits, tf.tensor3d(target, [n, h, w]), { reduction: 'none' }))];
  });
  const positives = meanOverRanks(
    images.reduce((sum, { positive }) => sum + positive.length, 0),
    1,
  );
  return sums.length > 0 ? tf.div<tf.Scalar>(tf.addN(sums), positives) : undefined;
}

/** Masks whose probability is above the threshold, of the priors `indices` of an image. */
export function masksOfPriors(
  maps: InstanceMaps,
  image: number,
  indices: Int32Array,
  frame: Resampling,
  threshold: number,
): Rle[] {
  if (indices.length === 0) return [];
  const [, h, w] = maps.features.shape;
  const values = tf.tidy(() => instanceLogits(maps, image, indices).dataSync<'float32'>());
  const least = logitOf(threshold);
  return Array.from(indices, (_, k) => resampleMask(values.subarray(k * h * w, (k + 1) * h * w), [h, w], frame, least));
}

/**
 * From the map to the image as MMDetection goes: the padded input, then all of it resized, of which the image is the first part.
 * MMDetection takes the factor of the width for the height and the other way round.
 */
export function paddedFrame({ rows, columns }: Resampling, { oriShape, scaleFactor }: ImageMeta): Resampling {
  const resized = (axis: AxisMap, scale: number, length: number) => {
    const whole = axis.start.length;
    const larger = Math.ceil(whole / scale);
    return firstOf(composeAxes(axis, bilinearAxis(whole, larger)), length);
  };
  return { rows: resized(rows, scaleFactor[1], oriShape[0]), columns: resized(columns, scaleFactor[0], oriShape[1]) };
}

/** The first outputs; the last is repeated where there are fewer. */
function firstOf(axis: AxisMap, length: number): AxisMap {
  const { start, weights, taps } = cropAxis(axis, 0, length);
  const missing = length - start.length;
  if (missing === 0) return { start, weights, taps };
  const last = [...weights.subarray(weights.length - taps)];
  return {
    start: Int32Array.from([...start, ...Array(missing).fill(start[start.length - 1])]),
    weights: Float64Array.from([...weights, ...Array(missing).fill(last).flat()]),
    taps,
  };
}
