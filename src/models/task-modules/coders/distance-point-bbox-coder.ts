// DistancePointBBoxCoder: a box by the distances of its sides from a point (left, top, right, bottom).
// Points are [x, y], two numbers each.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Size } from '../types';

const f = Math.fround;

export class DistancePointBBoxCoder {
  readonly encodeSize = 4;

  constructor(private readonly clipBorder = true) {}

  /** Distances of n boxes from n points; at most `maxDistance - epsilon`, at least 0, where a limit is given. */
  encode(points: Float32Array, boxes: Float32Array, maxDistance?: number, epsilon = 0.1): Float32Array {
    const out = new Float32Array(boxes.length);
    const limit = maxDistance === undefined ? Number.POSITIVE_INFINITY : maxDistance - epsilon;
    const least = maxDistance === undefined ? Number.NEGATIVE_INFINITY : 0;
    for (let i = 0; i < boxes.length; i++) {
      const point = points[2 * (i >> 2) + (i & 1)];
      const distance = f(i & 2 ? boxes[i] - point : point - boxes[i]);
      out[i] = Math.min(Math.max(distance, least), limit);
    }
    return out;
  }

  /** Boxes from n points and their distances; cut to `maxShape` [height, width] where given. */
  decode(points: Float32Array, distances: Float32Array, maxShape?: Size): Float32Array {
    const out = new Float32Array(distances.length);
    for (let i = 0; i < out.length; i++) {
      const point = points[2 * (i >> 2) + (i & 1)];
      out[i] = i & 2 ? point + distances[i] : point - distances[i];
      if (this.clipBorder && maxShape) out[i] = Math.min(Math.max(out[i], 0), maxShape[i & 1 ? 0 : 1]);
    }
    return out;
  }

  /** The same, differentiable in the distances: points [..., 2], distances [..., 4]. */
  decodeTensors(points: tf.Tensor, distances: tf.Tensor): tf.Tensor {
    const [topLeft, bottomRight] = tf.split(distances, 2, -1);
    return tf.concat([tf.sub(points, topLeft), tf.add(points, bottomRight)], -1);
  }
}

/** The points of priors (x, y, stride x, stride y). */
export function pointsOf(priors: Float32Array): Float32Array {
  const points = new Float32Array(priors.length / 2);
  for (let i = 0; i < points.length; i++) points[i] = priors[4 * (i >> 1) + (i & 1)];
  return points;
}

export const distancePointBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'DistancePointBBoxCoder',
  summary: 'A box by the distances of its sides from a point',
  paper: 'Tian et al., FCOS, ICCV 2019',
  shapes: 'points [n, 2] and distances [n, 4] <-> boxes [n, 4]',
  example: "{ type: 'DistancePointBBoxCoder' }",
  options: z.strictObject({
    clip_border: z.boolean().default(true).describe('Cut decoded boxes to the image'),
    use_box_type: z.boolean().default(false).describe("Accepted for MMDetection's sake: boxes are always plain xyxy"),
  }),
  build: ({ clip_border }) => new DistancePointBBoxCoder(clip_border),
});
