// DeltaXYWHBBoxCoderForGLIP: DeltaXYWHBBoxCoder whose priors end one pixel after their last (a box of n pixels from x to x + n), and
// whose decoded boxes end on theirs (Li et al., GLIP, CVPR 2022).

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../../catalogue/registry';
import type { DecodeOptions } from '../types';
import { boxRows } from './box-rows';
import { type DeltaOptions, DeltaXYWHBBoxCoder, deltaOptions, WH_RATIO_CLIP } from './delta-xywh-bbox-coder';

const f = Math.fround;

export class DeltaXYWHBBoxCoderForGLIP extends DeltaXYWHBBoxCoder {
  readonly clipMargin = 1;

  constructor(private readonly given: DeltaOptions) {
    super(given);
  }

  override decode(
    boxes: Float32Array,
    deltas: Float32Array,
    { maxShape, ratioClip }: DecodeOptions = {},
  ): Float32Array {
    const { target_means: means, target_stds: stds, clip_border, add_ctr_clamp: clampCenter, ctr_clamp } = this.given;
    const most = f(Math.abs(Math.log(ratioClip ?? WH_RATIO_CLIP)));
    const out = new Float32Array(deltas.length);
    const delta = (i: number, column: number) => f(f(deltas[i + column] * f(stds[column])) + f(means[column]));
    for (let i = 0; i < deltas.length; i += 4)
      for (const axis of [0, 1]) {
        const [low, high] = [boxes[i + axis], boxes[i + 2 + axis]];
        const size = f(high - low);
        const moved = f(size * delta(i, axis));
        const shift = clampCenter ? Math.min(Math.max(moved, -ctr_clamp), ctr_clamp) : moved;
        const growth = Math.min(Math.max(delta(i, 2 + axis), clampCenter ? Number.NEGATIVE_INFINITY : -most), most);
        const center = f(f(f(f(low + high) - 1) * 0.5) + shift);
        const half = f(f(f(size * f(Math.exp(growth))) - 1) * 0.5);
        const limit = clip_border && maxShape ? maxShape[1 - axis] - 1 : undefined;
        const within = (v: number) => (limit === undefined ? v : Math.min(Math.max(v, 0), limit));
        out[i + axis] = within(center - half);
        out[i + 2 + axis] = within(center + half);
      }
    return out;
  }

  override decodeTensors<T extends tf.Tensor>(
    boxes: Float32Array | tf.Tensor,
    deltas: T,
    { maxShape, ratioClip = WH_RATIO_CLIP }: DecodeOptions = {},
  ): T {
    const rows = boxRows(boxes);
    if (rows.shape[0] === 0) return deltas;
    const { target_means, target_stds, clip_border, add_ctr_clamp, ctr_clamp } = this.given;
    const most = Math.abs(Math.log(ratioClip));
    const [topLeft, bottomRight] = tf.split(rows, 2, -1); // [..., n, 2]
    const size = tf.sub(bottomRight, topLeft);
    const [shift, growth] = tf.split(tf.add(tf.mul(deltas, target_stds), target_means), 2, -1);
    const moved = tf.mul(size, shift);
    const center = tf.add(
      tf.mul(tf.sub(tf.add(topLeft, bottomRight), 1), 0.5),
      add_ctr_clamp ? tf.clipByValue(moved, -ctr_clamp, ctr_clamp) : moved,
    );
    const limited = add_ctr_clamp ? tf.minimum(growth, most) : tf.clipByValue(growth, -most, most);
    const half = tf.mul(tf.sub(tf.mul(size, tf.exp(limited)), 1), 0.5);
    const corners = tf.concat([tf.sub(center, half), tf.add(center, half)], -1) as T;
    if (!clip_border || !maxShape) return corners;
    const [bottom, right] = [maxShape[0] - 1, maxShape[1] - 1];
    return tf.minimum(tf.maximum(corners, 0), [right, bottom, right, bottom]);
  }
}

export const deltaXYWHBBoxCoderForGLIPDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'DeltaXYWHBBoxCoderForGLIP',
  summary: "DeltaXYWHBBoxCoder with GLIP's half-open priors and closed boxes",
  paper: 'Li et al., GLIP: Grounded Language-Image Pre-training, CVPR 2022',
  shapes: 'priors [n, 4], boxes [n, 4] <-> deltas [n, 4] (dx, dy, dw, dh)',
  example: "{ type: 'DeltaXYWHBBoxCoderForGLIP', target_stds: [0.1, 0.1, 0.2, 0.2] }",
  options: deltaOptions,
  contract: { priors: 'boxes' },
  build: (given) => new DeltaXYWHBBoxCoderForGLIP(given),
});
