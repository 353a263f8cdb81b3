// LegacyDeltaXYWHBBoxCoder: DeltaXYWHBBoxCoder of MMDetection 1.x, in which a box from x1 to x2 is x2 - x1 + 1 pixels wide. For
// checkpoints of that time. Decoded boxes keep the width without the pixel, as in the reference.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { BoxCoder, DecodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';
import { boxRows } from './box-rows';

const f = Math.fround;
const four = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const options = z.strictObject({
  target_means: four.default([0, 0, 0, 0]).describe('Means subtracted from the targets (dx, dy, dw, dh)'),
  target_stds: four.default([1, 1, 1, 1]).describe('Standard deviations that the targets are divided by'),
  use_box_type: useBoxType,
});
type Options = z.output<typeof options>;

/** Sizes change at most by a factor of 1000 / 16. */
const MAX_RATIO = Math.abs(Math.log(16 / 1000));

/** Center and size of box `at`, along x (0) or y (1). */
const extent = (boxes: Float32Array, at: number, axis: number) => ({
  center: f(f(boxes[at + axis] + boxes[at + 2 + axis]) * 0.5),
  size: f(f(boxes[at + 2 + axis] - boxes[at + axis]) + 1),
});

export class LegacyDeltaXYWHBBoxCoder implements BoxCoder {
  readonly priors = 'boxes';
  readonly encodeSize = 4;
  readonly clipMargin = 1;

  constructor(private readonly options: Options) {}

  encode(boxes: Float32Array, truths: Float32Array): Float32Array {
    const { target_means: means, target_stds: stds } = this.options;
    const deltas = new Float32Array(boxes.length);
    for (let i = 0; i < boxes.length; i += 4)
      for (const axis of [0, 1]) {
        const [prior, truth] = [extent(boxes, i, axis), extent(truths, i, axis)];
        deltas[i + axis] = (f(f(truth.center - prior.center) / prior.size) - means[axis]) / stds[axis];
        deltas[i + 2 + axis] = (f(Math.log(f(truth.size / prior.size))) - means[2 + axis]) / stds[2 + axis];
      }
    return deltas;
  }

  decode(boxes: Float32Array, deltas: Float32Array, { maxShape }: DecodeOptions = {}): Float32Array {
    const { target_means: means, target_stds: stds } = this.options;
    const out = new Float32Array(deltas.length);
    const perBox = boxes.length === 0 ? 4 : (4 * deltas.length) / boxes.length;
    const delta = (i: number, column: number) => f(f(deltas[i + column] * f(stds[column])) + f(means[column]));
    for (let i = 0; i < deltas.length; i += 4)
      for (const axis of [0, 1]) {
        const { center, size } = extent(boxes, 4 * Math.floor(i / perBox), axis);
        const growth = Math.min(Math.max(delta(i, 2 + axis), -f(MAX_RATIO)), f(MAX_RATIO));
        const middle = f(center + f(size * delta(i, axis)));
        const half = f(f(size * f(Math.exp(growth))) * 0.5);
        const limit = maxShape ? maxShape[1 - axis] - 1 : undefined;
        const within = (v: number) => (limit === undefined ? v : Math.min(Math.max(v, 0), limit));
        out[i + axis] = within(middle - half);
        out[i + 2 + axis] = within(middle + half);
      }
    return out;
  }

  decodeTensors<T extends tf.Tensor>(boxes: Float32Array | tf.Tensor, deltas: T, { maxShape }: DecodeOptions = {}): T {
    const rows = boxRows(boxes);
    if (rows.shape[0] === 0) return deltas;
    const { target_means, target_stds } = this.options;
    const [columns, ...outer] = [...deltas.shape].reverse();
    const [topLeft, bottomRight] = tf.split(rows.expandDims(-2), 2, -1); // [..., n, 1, 2]
    const center = tf.mul(tf.add(topLeft, bottomRight), 0.5);
    const size = tf.add(tf.sub(bottomRight, topLeft), 1);
    const scaled = tf.add(tf.mul(deltas.reshape([...outer.reverse(), columns / 4, 4]), target_stds), target_means);
    const [shift, growth] = tf.split(scaled, 2, -1);
    const half = tf.mul(tf.mul(size, tf.exp(tf.clipByValue(growth, -MAX_RATIO, MAX_RATIO))), 0.5);
    const middle = tf.add(center, tf.mul(size, shift));
    const corners = tf.concat([tf.sub(middle, half), tf.add(middle, half)], -1).reshape(deltas.shape) as T;
    if (!maxShape) return corners;
    const [right, bottom] = [maxShape[1] - 1, maxShape[0] - 1];
    const limits = Array.from({ length: columns }, (_, k) => (k % 2 === 0 ? right : bottom));
    return tf.minimum(tf.maximum(corners, 0), limits);
  }
}

export const legacyDeltaXYWHBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'LegacyDeltaXYWHBBoxCoder',
  summary: 'DeltaXYWHBBoxCoder of MMDetection 1.x, whose boxes include their last pixel',
  origin: 'MMDetection 1.x; for its checkpoints',
  shapes: 'boxes [n, 4] and truths [n, 4] -> deltas [n, 4], and back',
  example: "{ type: 'LegacyDeltaXYWHBBoxCoder', target_stds: [0.1, 0.1, 0.2, 0.2] }",
  options,
  contract: { priors: 'boxes' },
  build: (given) => new LegacyDeltaXYWHBBoxCoder(given),
});
