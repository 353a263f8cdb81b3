// DeltaXYWHBBoxCoder: shift of the centre in units of the prior's size, and logarithm of the ratio of sizes (Girshick et al.,
// R-CNN, CVPR 2014). In plain arrays for targets and detections, in tensors for losses on decoded boxes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { BoxCoder, DecodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';
import { boxRows } from './box-rows';

const f = Math.fround;
const four = z.tuple([z.number(), z.number(), z.number(), z.number()]);

export const deltaOptions = z.strictObject({
  target_means: four.default([0, 0, 0, 0]).describe('Means subtracted from the targets (dx, dy, dw, dh)'),
  target_stds: four.default([1, 1, 1, 1]).describe('Standard deviations that the targets are divided by'),
  clip_border: z.boolean().default(true).describe('Clip decoded boxes to the image'),
  add_ctr_clamp: z.boolean().default(false).describe('Clamp the shift of the centre (YOLOF)'),
  ctr_clamp: z.number().default(32).describe('Max shift in pixels, with add_ctr_clamp'),
  use_box_type: useBoxType,
});

export type DeltaOptions = z.output<typeof deltaOptions>;

/** Sizes change at most by a factor of 1000 / 16. */
export const WH_RATIO_CLIP = 16 / 1000;

export class DeltaXYWHBBoxCoder implements BoxCoder {
  readonly priors = 'boxes';
  readonly encodeSize = 4;

  constructor(private readonly options: DeltaOptions) {}

  get clips(): boolean {
    return this.options.clip_border;
  }

  encode(boxes: Float32Array, truths: Float32Array): Float32Array {
    const { target_means: means, target_stds: stds } = this.options;
    const deltas = new Float32Array(boxes.length);
    for (let i = 0; i < boxes.length; i += 4) {
      const px = f(f(boxes[i] + boxes[i + 2]) * 0.5);
      const py = f(f(boxes[i + 1] + boxes[i + 3]) * 0.5);
      const pw = f(boxes[i + 2] - boxes[i]);
      const ph = f(boxes[i + 3] - boxes[i + 1]);
      const gx = f(f(truths[i] + truths[i + 2]) * 0.5);
      const gy = f(f(truths[i + 1] + truths[i + 3]) * 0.5);
      const gw = f(truths[i + 2] - truths[i]);
      const gh = f(truths[i + 3] - truths[i + 1]);
      deltas[i] = (f(f(gx - px) / pw) - means[0]) / stds[0];
      deltas[i + 1] = (f(f(gy - py) / ph) - means[1]) / stds[1];
      deltas[i + 2] = (Math.log(f(gw / pw)) - means[2]) / stds[2];
      deltas[i + 3] = (Math.log(f(gh / ph)) - means[3]) / stds[3];
    }
    return deltas;
  }

  decode(boxes: Float32Array, deltas: Float32Array, { maxShape, ratioClip }: DecodeOptions = {}): Float32Array {
    const { target_means: means, target_stds: stds, add_ctr_clamp: clampCenter, ctr_clamp: limit } = this.options;
    const maxRatio = f(Math.abs(Math.log(ratioClip ?? WH_RATIO_CLIP)));
    const minRatio = clampCenter ? Number.NEGATIVE_INFINITY : -maxRatio;
    const clip = this.options.clip_border && maxShape !== undefined;
    const [height, width] = maxShape ?? [0, 0];
    const out = new Float32Array(deltas.length);
    const perBox = boxes.length === 0 ? 4 : (4 * deltas.length) / boxes.length;
    for (let i = 0; i < deltas.length; i += 4) {
      const b = perBox === 4 ? i : 4 * Math.floor(i / perBox);
      const pw = f(boxes[b + 2] - boxes[b]);
      const ph = f(boxes[b + 3] - boxes[b + 1]);
      let dx = f(pw * f(f(deltas[i] * f(stds[0])) + f(means[0])));
      let dy = f(ph * f(f(deltas[i + 1] * f(stds[1])) + f(means[1])));
      const dw = Math.min(Math.max(f(f(deltas[i + 2] * f(stds[2])) + f(means[2])), minRatio), maxRatio);
      const dh = Math.min(Math.max(f(f(deltas[i + 3] * f(stds[3])) + f(means[3])), minRatio), maxRatio);
      if (clampCenter) {
        dx = Math.min(Math.max(dx, -limit), limit);
        dy = Math.min(Math.max(dy, -limit), limit);
      }
      const x = f(f(f(boxes[b] + boxes[b + 2]) * 0.5) + dx);
      const y = f(f(f(boxes[b + 1] + boxes[b + 3]) * 0.5) + dy);
      const halfWidth = f(f(pw * f(Math.exp(dw))) * 0.5);
      const halfHeight = f(f(ph * f(Math.exp(dh))) * 0.5);
      out[i] = x - halfWidth;
      out[i + 1] = y - halfHeight;
      out[i + 2] = x + halfWidth;
      out[i + 3] = y + halfHeight;
      if (!clip) continue;
      for (let k = 0; k < 4; k++) out[i + k] = Math.min(Math.max(out[i + k], 0), k & 1 ? height : width);
    }
    return out;
  }

  decodeTensors<T extends tf.Tensor>(
    boxes: Float32Array | tf.Tensor,
    deltas: T,
    { maxShape, ratioClip = WH_RATIO_CLIP }: DecodeOptions = {},
  ): T {
    const { target_means, target_stds, clip_border, add_ctr_clamp, ctr_clamp } = this.options;
    const rows = boxRows(boxes);
    if (rows.shape[0] === 0) return deltas;
    const [columns, ...outer] = [...deltas.shape].reverse();
    const maxRatio = Math.abs(Math.log(ratioClip));
    // [..., n, 1, 4] against [..., n, classes, 4]
    const [topLeft, bottomRight] = tf.split(rows.expandDims(-2), 2, -1);
    const center = tf.mul(tf.add(topLeft, bottomRight), 0.5);
    const size = tf.sub(bottomRight, topLeft);
    const scaled = tf.add(tf.mul(deltas.reshape([...outer.reverse(), columns / 4, 4]), target_stds), target_means);
    const [shift, growth] = tf.split(scaled, 2, -1);
    let moved = tf.mul(size, shift);
    if (add_ctr_clamp) moved = tf.clipByValue(moved, -ctr_clamp, ctr_clamp);
    const limited = add_ctr_clamp ? tf.minimum(growth, maxRatio) : tf.clipByValue(growth, -maxRatio, maxRatio);
    const half = tf.mul(tf.mul(size, tf.exp(limited)), 0.5);
    const newCenter = tf.add(center, moved);
    let corners = tf.concat([tf.sub(newCenter, half), tf.add(newCenter, half)], -1);
    if (clip_border && maxShape) {
      const [height, width] = maxShape;
      corners = tf.minimum(tf.maximum(corners, 0), [width, height, width, height]);
    }
    return corners.reshape(deltas.shape);
  }
}

export const deltaXYWHBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'DeltaXYWHBBoxCoder',
  summary: 'Encodes boxes as shifts of the centre and logarithms of the size relative to a prior',
  paper: 'Girshick et al., R-CNN, CVPR 2014',
  shapes: 'priors [n, 4], boxes [n, 4] <-> deltas [n, 4] (dx, dy, dw, dh)',
  example: "{ type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] }",
  options: deltaOptions,
  contract: { priors: 'boxes' },
  build: (given) => new DeltaXYWHBBoxCoder(given),
});
