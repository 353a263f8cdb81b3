// DistancePointBBoxCoder: the distances of the four sides from a point: left, top, right, bottom (Tian et al., FCOS,
// ICCV 2019). In the unit of the points; the strides are not used.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { BoxCoder, DecodeOptions, EncodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';

const f = Math.fround;

export class DistancePointBBoxCoder implements BoxCoder {
  readonly priors = 'points';
  readonly encodeSize = 4;

  constructor(private readonly clipBorder = true) {}

  get clips(): boolean {
    return this.clipBorder;
  }

  encode(points: Float32Array, boxes: Float32Array, { maxDistance, epsilon = 0.1 }: EncodeOptions = {}): Float32Array {
    const out = new Float32Array(boxes.length);
    const limit = maxDistance === undefined ? Number.POSITIVE_INFINITY : maxDistance - epsilon;
    const min = maxDistance === undefined ? Number.NEGATIVE_INFINITY : 0;
    for (let i = 0; i < boxes.length; i++) {
      const point = points[(i & ~3) | (i & 1)];
      const distance = f(i & 2 ? boxes[i] - point : point - boxes[i]);
      out[i] = Math.min(Math.max(distance, min), limit);
    }
    return out;
  }

  decode(points: Float32Array, distances: Float32Array, { maxShape }: DecodeOptions = {}): Float32Array {
    const out = new Float32Array(distances.length);
    for (let i = 0; i < out.length; i++) {
      const point = points[(i & ~3) | (i & 1)];
      out[i] = i & 2 ? point + distances[i] : point - distances[i];
      if (this.clipBorder && maxShape) out[i] = Math.min(Math.max(out[i], 0), maxShape[i & 1 ? 0 : 1]);
    }
    return out;
  }

  decodeTensors<T extends tf.Tensor>(points: Float32Array, distances: T, { maxShape }: DecodeOptions = {}): T {
    const xy = new Float32Array(points.length / 2);
    for (let i = 0; i < xy.length; i++) xy[i] = points[4 * (i >> 1) + (i & 1)];
    const centers = tf.tensor2d(xy, [xy.length / 2, 2]);
    const [topLeft, bottomRight] = tf.split(distances, 2, -1);
    const corners = tf.concat([tf.sub(centers, topLeft), tf.add(centers, bottomRight)], -1) as T;
    if (!this.clipBorder || !maxShape) return corners;
    const [h, w] = maxShape;
    return tf.minimum(tf.maximum(corners, 0), [w, h, w, h]);
  }
}

export const distancePointBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'DistancePointBBoxCoder',
  summary: 'Encodes boxes as the distances of their sides from a point',
  paper: 'Tian et al., FCOS, ICCV 2019',
  shapes: 'points [n, 4] (x, y, stride x, stride y) and distances [n, 4] <-> boxes [n, 4]',
  example: "{ type: 'DistancePointBBoxCoder' }",
  options: z.strictObject({
    clip_border: z.boolean().nullable().default(true).describe('Clip decoded boxes to the image; null: false'),
    use_box_type: useBoxType,
  }),
  contract: { priors: 'points' },
  build: ({ clip_border }) => new DistancePointBBoxCoder(clip_border ?? false),
});
