// Boxes from the best points of a grid. They are clipped to the image, which the reference means to do, but it clamps copies.

import * as tf from '@tensorflow/tfjs';
import { clipBoxes } from '../../../geometry/boxes';

interface Points<T> {
  /** Probability of the best pixel of each point, and its index in the heatmap [K, points]. */
  scores: T;
  positions: T;
  /** Left and top of each heatmap in the map of the enlarged RoI. */
  regions: readonly (readonly [number, number])[];
  /** Side of a heatmap: that of the RoI, and half that of the enlarged one. */
  side: number;
}
export type GridPoints = Points<Float32Array> & { imgShape: readonly [number, number] };

/** The points on each side of a box: left, top, right, bottom. They are numbered column by column. */
function pointsOnSides(points: number): number[][] {
  const grid = Math.sqrt(points);
  const line = (of: (i: number) => number) => Array.from({ length: grid }, (_, i) => of(i));
  return [line((i) => i), line((i) => i * grid), line((i) => points - grid + i), line((i) => (i + 1) * grid - 1)];
}

/** Each side is the mean of the points on it, weighted by their probabilities; within the image. Boxes flat xyxy. */
export function gridBoxes(
  boxes: Float32Array,
  { scores, positions, regions, side, imgShape }: GridPoints,
): Float32Array {
  const points = regions.length;
  const sides = pointsOnSides(points);
  const out = new Float32Array(boxes.length);
  for (let k = 0; k < boxes.length / 4; k++) {
    const box = boxes.subarray(4 * k, 4 * k + 4);
    for (const [c, onSide] of sides.entries()) {
      const axis = c % 2;
      const length = box[axis + 2] - box[axis];
      let [sum, total] = [0, 0];
      for (const p of onSide) {
        const position = positions[k * points + p];
        const pixel = (axis === 0 ? position % side : Math.floor(position / side)) + regions[p][axis];
        const at = ((pixel + 0.5) / side) * length + box[axis] - length / 2;
        sum += at * scores[k * points + p];
        total += scores[k * points + p];
      }
      out[4 * k + c] = sum / total;
    }
  }
  return clipBoxes(out, [imgShape[0], imgShape[1]]);
}

/** The same of boxes [K, 4], not clipped. */
export function gridBoxTensors(
  boxes: tf.Tensor2D,
  { scores, positions, regions, side }: Points<tf.Tensor2D>,
): tf.Tensor2D {
  const [low, high] = tf.split(boxes, 2, 1); // [K, 2]
  const size = tf.sub(high, low);
  const row = tf.floor(tf.div(positions, side));
  const pixels = [tf.sub(positions, tf.mul(row, side)), row];
  const sides = pointsOnSides(regions.length);
  const means = pixels.map((pixel, axis) => {
    const offset = tf.tensor1d(regions.map((region) => region[axis] + 0.5));
    const ofAxis = (x: tf.Tensor) => tf.slice(x, [0, axis], [-1, 1]);
    const start = tf.sub(ofAxis(low), tf.mul(ofAxis(size), 0.5));
    const at = tf.add(tf.mul(tf.div(tf.add(pixel, offset), side), ofAxis(size)), start); // [K, points]
    return [axis, axis + 2].map((c) => {
      const isOnSide = tf.tensor1d(regions.map((_, p) => (sides[c].includes(p) ? 1 : 0)));
      const weights = tf.mul(scores, isOnSide);
      return tf.div(tf.sum(tf.mul(at, weights), 1, true), tf.sum(weights, 1, true));
    });
  });
  return tf.concat([means[0][0], means[1][0], means[0][1], means[1][1]] as tf.Tensor2D[], 1);
}
