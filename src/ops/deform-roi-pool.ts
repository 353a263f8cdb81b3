// Deformable RoI pooling (Dai et al., Deformable Convolutional Networks, ICCV 2017) with mmcv's semantics: RoIAlign whose bins are moved,
// each by an offset in units of gamma times the size of its RoI. Samples less than a pixel outside of the map are taken at its border;
// mmcv's gradient of their offsets is not that of the value, this one is.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { deformAttention } from './deform-attention';
import { roiAlign } from './roi-align';

export interface DeformRoIPoolOptions {
  /** [height, width] in bins. */
  outputSize: [number, number];
  /** Scale from image to feature coordinates: 1 / stride. */
  spatialScale: number;
  /** Samples per side of a bin; 0 or less: adaptive to the size of each RoI. */
  samplingRatio?: number;
  /** Factor of the offsets. */
  gamma?: number;
}

/**
 * Pools `x` [N, H, W, C] in `rois` [K, 5] (image index, x1, y1, x2, y2 in image pixels) to [K, height, width, C], bins moved by `offset`
 * [K, height, width, 2] (x, y). Differentiable in `x` and `offset`.
 *
 * @example deformRoIPool(tf.ones([1, 8, 8, 2]), tf.tensor2d([[0, 0, 0, 32, 32]]), tf.zeros([1, 7, 7, 2]), { outputSize: [7, 7], spatialScale: 1 / 4 }).shape // [1, 7, 7, 2]
 */
export function deformRoIPool(
  x: tf.Tensor4D,
  rois: tf.Tensor2D,
  offset: tf.Tensor4D | undefined,
  options: DeformRoIPoolOptions,
): tf.Tensor4D {
  const { outputSize, gamma = 0.1 } = options;
  if (!offset) return roiAlign(x, rois, { ...options, aligned: true });
  const expected = [rois.shape[0], ...outputSize, 2];
  if (offset.shape.join() !== expected.join())
    throw new DetLabError(
      `Cannot pool ${rois.shape[0]} RoIs: expected offsets of shape [${expected}], received [${offset.shape}]`,
    );
  if (rois.shape[0] === 0) return tf.zeros([0, ...outputSize, x.shape[3]]);
  return tf.tidy(() => {
    const groups = sampleGroups(rois.dataSync<'float32'>(), options);
    const parts = groups.map((group) => poolGroup(x, offset, group, outputSize, gamma));
    const order = groups.flatMap(({ members }) => members);
    const places = new Int32Array(order.length);
    order.forEach((from, to) => {
      places[from] = to;
    });
    return tf.gather(tf.concat(parts, 0), tf.tensor1d(places, 'int32'));
  });
}

/** RoIs of one image with about as many samples in a bin. */
interface SampleGroup {
  image: number;
  /** Samples of a bin; those that a RoI does not have weigh nothing. */
  points: number;
  members: number[];
  frames: Frame[];
}

/** An RoI in pixels of the map. */
interface Frame {
  start: [x: number, y: number];
  size: [width: number, height: number];
  /** Samples of a bin [columns, rows]. */
  samples: [number, number];
}

const f = Math.fround; // the number of samples depends on single precision, as in mmcv

function sampleGroups(
  rois: Float32Array,
  { outputSize: [height, width], spatialScale, samplingRatio = 0 }: DeformRoIPoolOptions,
): SampleGroup[] {
  const groups = new Map<string, SampleGroup>();
  for (let k = 0; k < rois.length / 5; k++) {
    const [image, ...corners] = rois.subarray(5 * k, 5 * k + 5);
    const [x1, y1, x2, y2] = corners.map((v) => f(f(v * spatialScale) - 0.5));
    const size: [number, number] = [f(x2 - x1), f(y2 - y1)];
    const count = (extent: number, bins: number) =>
      samplingRatio > 0 ? samplingRatio : Math.max(Math.ceil(f(extent / bins)), 0);
    const samples: [number, number] = [count(size[0], width), count(size[1], height)];
    const points = 2 ** Math.ceil(Math.log2(Math.max(samples[0] * samples[1], 1)));
    const key = `${image} ${points}`;
    const group = groups.get(key) ?? { image, points, members: [], frames: [] };
    groups.set(key, group);
    group.members.push(k);
    group.frames.push({ start: [x1, y1], size, samples });
  }
  return [...groups.values()];
}

function poolGroup(
  x: tf.Tensor4D,
  offset: tf.Tensor4D,
  { image, points, members, frames }: SampleGroup,
  [height, width]: [number, number],
  gamma: number,
): tf.Tensor4D {
  const [, mapHeight, mapWidth, channels] = x.shape;
  const [count, bins] = [members.length, height * width];
  const { places, weights } = lattice(frames, points, [height, width]);
  const sizes = tf.tensor(
    frames.flatMap(({ size }) => size.map((extent) => gamma * extent)),
    [count, 1, 1, 2],
  );
  const moved = tf
    .gather(offset, tf.tensor1d(members, 'int32'))
    .reshape([count, bins, 1, 2])
    .mul(sizes)
    .add(tf.tensor4d(places, [count, bins, points, 2]));
  const limits = tf.tensor1d([mapWidth, mapHeight]);
  const inside = tf
    .logicalAnd(tf.greaterEqual(moved, -1), tf.lessEqual(moved, limits))
    .cast('float32')
    .min(3)
    .reshape<tf.Tensor3D>([1, count * bins, points]);
  const clamped = tf.minimum(tf.maximum(moved, 0), tf.sub(limits, 1));
  const locations = tf.div(tf.add(clamped, 0.5), limits).reshape<tf.Tensor4D>([1, count * bins, points, 2]);
  const map = x.shape[0] === 1 ? x : tf.slice(x, [image, 0, 0, 0], [1, mapHeight, mapWidth, channels]);
  return deformAttention(
    map.reshape<tf.Tensor3D>([1, mapHeight * mapWidth, channels]),
    locations,
    tf.mul(inside, tf.tensor3d(weights, [1, count * bins, points])),
    { shapes: [[mapHeight, mapWidth]], heads: 1, points },
  ).reshape([count, height, width, channels]);
}

/** x and y of the samples of all bins, not moved, and the weights that average them. */
function lattice(
  frames: readonly Frame[],
  points: number,
  [height, width]: [number, number],
): { places: Float32Array; weights: Float32Array } {
  const bins = height * width;
  const places = new Float32Array(frames.length * bins * points * 2);
  const weights = new Float32Array(frames.length * bins * points);
  for (const [k, { start, size, samples }] of frames.entries()) {
    const [columns, rows] = samples;
    const step = [size[0] / width, size[1] / height];
    for (let bin = 0; bin < bins; bin++)
      for (let point = 0; point < columns * rows; point++) {
        const at = (k * bins + bin) * points + point;
        places[2 * at] = start[0] + step[0] * ((bin % width) + ((point % columns) + 0.5) / columns);
        places[2 * at + 1] =
          start[1] + step[1] * (Math.floor(bin / width) + (Math.floor(point / columns) + 0.5) / rows);
        weights[at] = 1 / (columns * rows);
      }
  }
  return { places, weights };
}
