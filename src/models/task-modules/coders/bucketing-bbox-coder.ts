// BucketingBBoxCoder: each side of a box by the bucket that it is in and its offset from the bucket's centre (Wang et al., Side-Aware
// Boundary Localization, ECCV 2020). Buckets divide the enlarged prior from each side to its middle; order: left, right, top, bottom.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { bestClass } from '../../../ops/best-class';
import type { BoxCoder, DecodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';
import { boxRows } from './box-rows';

const f = Math.fround;
const options = z.strictObject({
  num_buckets: z
    .number()
    .int()
    .min(3)
    .describe('Buckets along a whole side; half of them, rounded up, belong to each end'),
  scale_factor: z.number().positive().describe('Factor on the size of the prior that buckets divide'),
  offset_topk: z.number().int().positive().default(2).describe('Nearest buckets whose offsets are learned'),
  offset_upperbound: z
    .number()
    .default(1)
    .describe('Max offset, in buckets, that all but the nearest may have to be learned'),
  cls_ignore_neighbor: z.boolean().default(true).describe('Buckets next to the right one do not enter the loss'),
  clip_border: z.boolean().default(true).describe('Clip decoded boxes to the image'),
  use_box_type: useBoxType,
});
type Options = z.output<typeof options>;

/** Which coordinate of xyxy each side is. */
const COORDINATES = [0, 2, 1, 3];

export class BucketingBBoxCoder implements BoxCoder {
  readonly priors = 'buckets';
  readonly clipMargin = 1;
  readonly numBuckets: number;
  /** Buckets of each side. */
  readonly perSide: number;
  /** Buckets of each side whose offsets are learned, at most. */
  readonly offsetTopk: number;
  /** Scores of the buckets of the four sides, then their offsets. */
  readonly encodeSize: number;

  constructor(private readonly options: Options) {
    this.numBuckets = options.num_buckets;
    this.perSide = Math.ceil(options.num_buckets / 2);
    this.encodeSize = 8 * this.perSide;
    this.offsetTopk = options.offset_topk;
  }

  get clips(): boolean {
    return this.options.clip_border;
  }

  /** By side: where the buckets begin, and the step from one to the next. */
  private sides(priors: Float32Array, at: number): { from: number; step: number; size: number }[] {
    const { scale_factor, num_buckets } = this.options;
    const axis = (low: number, high: number) => {
      const center = f(f(low + high) * 0.5);
      const whole = f(f(high - low) * f(scale_factor));
      const half = f(0.5 * whole);
      const [start, end] = [f(center - half), f(center + half)];
      const size = f(f(end - start) / num_buckets);
      return [
        { from: start, step: size, size },
        { from: end, step: -size, size },
      ];
    };
    return [...axis(priors[at], priors[at + 2]), ...axis(priors[at + 1], priors[at + 3])];
  }

  /** Offsets of the sides of `boxes` from all buckets, their weights, labels of the buckets, their weights: [n, 4, 4 perSide]. */
  encode(priors: Float32Array, boxes: Float32Array): Float32Array {
    const { offset_topk, offset_upperbound, cls_ignore_neighbor } = this.options;
    const { perSide } = this;
    const width = 4 * perSide;
    const out = new Float32Array(priors.length * width);
    for (let i = 0; i < priors.length; i += 4) {
      const [offsets, offsetWeights, labels, weights] = [0, 1, 2, 3].map((part) =>
        out.subarray((i + part) * width, (i + part + 1) * width),
      );
      for (const [s, { from, step, size }] of this.sides(priors, i).entries()) {
        const target = boxes[i + COORDINATES[s]];
        const first = s * perSide;
        for (let k = 0; k < perSide; k++) offsets[first + k] = f(f(from + f((0.5 + k) * step)) - target) / size;
        const near = Array.from({ length: perSide }, (_, k) => first + k).sort(
          (a, b) => Math.abs(offsets[a]) - Math.abs(offsets[b]) || a - b,
        );
        for (const [rank, k] of near.slice(0, offset_topk).entries())
          offsetWeights[k] = rank === 0 || Math.abs(offsets[k]) < offset_upperbound ? 1 : 0;
        labels[near[0]] = 1;
        for (const k of near) weights[k] = cls_ignore_neighbor && k !== near[0] && Math.abs(offsets[k]) < 1 ? 0 : 1;
      }
    }
    return out;
  }

  decode(priors: Float32Array, codes: Float32Array, { maxShape }: DecodeOptions = {}): Float32Array {
    const { perSide, encodeSize } = this;
    const clip = this.options.clip_border && maxShape !== undefined;
    const out = new Float32Array(priors.length);
    for (let i = 0; i < priors.length; i += 4) {
      const code = codes.subarray((i / 4) * encodeSize, (i / 4 + 1) * encodeSize);
      const best = bestClass(code.subarray(0, 4 * perSide), perSide).labels;
      for (const [s, { from, step, size }] of this.sides(priors, i).entries()) {
        const bucket = f(from + f((0.5 + best[s]) * step));
        const value = f(bucket - f(code[(4 + s) * perSide + best[s]] * size));
        const limit = clip ? maxShape[COORDINATES[s] % 2 === 0 ? 1 : 0] - 1 : 0;
        out[i + COORDINATES[s]] = clip ? Math.min(Math.max(value, 0), limit) : value;
      }
    }
    return out;
  }

  /** Mean over the sides of the probability of the best bucket, and of the second if it is next to it. */
  confidences(codes: Float32Array): Float32Array {
    const { perSide, encodeSize } = this;
    return Float32Array.from({ length: codes.length / encodeSize }, (_, i) => {
      let sum = 0;
      for (let s = 0; s < 4; s++) {
        const logits = codes.subarray(i * encodeSize + s * perSide, i * encodeSize + (s + 1) * perSide);
        const [first, second] = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
        const powers = logits.map((v) => Math.exp(v - logits[first]));
        const total = powers.reduce((all, v) => all + v, 0);
        sum += (1 + (Math.abs(first - second) === 1 ? powers[second] : 0)) / total;
      }
      return sum / 4;
    });
  }

  decodeTensors<T extends tf.Tensor>(priors: Float32Array | tf.Tensor, codes: T, { maxShape }: DecodeOptions = {}): T {
    const { scale_factor, num_buckets, clip_border } = this.options;
    const [low, high] = tf.split(boxRows(priors), 2, -1); // [..., n, 2 axes]
    const center = tf.mul(tf.add(low, high), 0.5);
    const half = tf.mul(tf.mul(tf.sub(high, low), scale_factor), 0.5);
    const [start, end] = [tf.sub(center, half), tf.add(center, half)];
    const size = tf.div(tf.sub(end, start), num_buckets);
    const { best, offsets } = this.sideCodes(codes); // [..., n, 2 axes, 2 ends]
    const ends = (x: tf.Tensor) => tf.split(x, 2, -1).map((end) => tf.squeeze(end, [-1]));
    const [[lowest, highest], [lowOffset, highOffset]] = [ends(best), ends(offsets)];
    const inBuckets = (bucket: tf.Tensor) => tf.mul(tf.add(bucket, 0.5), size);
    const corners = tf.concat(
      [
        tf.sub(tf.add(start, inBuckets(lowest)), tf.mul(lowOffset, size)),
        tf.sub(tf.sub(end, inBuckets(highest)), tf.mul(highOffset, size)),
      ],
      -1,
    );
    if (!clip_border || !maxShape) return corners as T;
    const [height, width] = maxShape.map((side) => side - this.clipMargin);
    return tf.minimum(tf.maximum(corners, 0), [width, height, width, height]) as T;
  }

  /** [..., n, encodeSize] -> of each side [..., n, 2, 2] the best bucket, and the offset in it. */
  private sideCodes(codes: tf.Tensor): { best: tf.Tensor; offsets: tf.Tensor } {
    const outer = codes.shape.slice(0, -1);
    const bySide = (x: tf.Tensor) => x.reshape([...outer, 2, 2, this.perSide]);
    const [scores, offsets] = tf.split(codes, 2, -1).map(bySide);
    const best = tf.argMax(scores, -1);
    const chosen = tf.oneHot(best.cast('int32'), this.perSide, 1, 0).cast('bool');
    return { best: best.cast('float32'), offsets: tf.sum(tf.where(chosen, offsets, tf.zerosLike(offsets)), -1) };
  }

  confidenceTensors(codes: tf.Tensor): tf.Tensor {
    const outer = codes.shape.slice(0, -1);
    const [scores] = tf.split(codes, 2, -1);
    const likely = tf.softmax(scores.reshape([...outer, 4, this.perSide]));
    const { values, indices } = tf.topk(likely, 2);
    const [first, second] = tf.split(values, 2, -1);
    const [at, other] = tf.split(indices.cast('float32'), 2, -1);
    const neighbors = tf.equal(tf.abs(tf.sub(at, other)), 1);
    const sure = tf.add(first, tf.where(neighbors, second, tf.zerosLike(second))); // [..., n, 4, 1]
    return tf.mean(sure, -2);
  }
}

export const bucketingBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'BucketingBBoxCoder',
  summary: 'Codes each side of a box by a bucket and an offset in it',
  paper: 'Wang et al., Side-Aware Boundary Localization for More Precise Object Detection, ECCV 2020',
  shapes: 'priors [n, 4], codes [n, 8 * ceil(num_buckets / 2)] (scores of buckets, offsets) -> boxes [n, 4]',
  example: "{ type: 'BucketingBBoxCoder', num_buckets: 14, scale_factor: 1.7 }",
  options,
  contract: { priors: 'buckets' },
  build: (given) => new BucketingBBoxCoder(given),
});
