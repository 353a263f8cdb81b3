// DistanceAnglePointCoder: the distances of a point from the four sides of a rotated box, along the axes of the box, and its angle
// (MMRotate). Distances are in pixels; MMYOLO's coder multiplies them by the strides, here the head does.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { ANGLE_VERSIONS, type AngleVersion, normalAngle, ROTATED } from '../../../geometry/rotated-boxes';
import type { BoxCoder, EncodeOptions } from '../types';

/** Codes [..., n, 5] (left, top, right, bottom, angle) of points [n, 4] -> rotated boxes [..., n, 5]. */
export function decodeRotated<T extends tf.Tensor>(points: Float32Array, codes: T, version: AngleVersion): T {
  const count = points.length / 4;
  const centers = tf.tensor2d(
    Float32Array.from({ length: 2 * count }, (_, i) => points[4 * (i >> 1) + (i & 1)]),
    [count, 2],
  );
  const [topLeft, bottomRight, angle] = tf.split(codes, [2, 2, 1], -1);
  const [dx, dy] = tf.split(tf.mul(tf.sub(bottomRight, topLeft), 0.5), 2, -1);
  const [cos, sin] = [tf.cos(angle), tf.sin(angle)];
  const offset = tf.concat([tf.sub(tf.mul(cos, dx), tf.mul(sin, dy)), tf.add(tf.mul(sin, dx), tf.mul(cos, dy))], -1);
  return tf.concat([tf.add(centers, offset), tf.add(topLeft, bottomRight), normalAngles(angle, version)], -1) as T;
}

/** Angles in the range of a version: whole half turns are taken off, which have no gradient. */
function normalAngles(angle: tf.Tensor, version: AngleVersion): tf.Tensor {
  if (version === 'oc') return angle;
  const start = version === 'le90' ? Math.PI / 2 : Math.PI / 4;
  return tf.sub(angle, tf.mul(tf.floor(tf.div(tf.add(angle, start), Math.PI)), Math.PI));
}

export class DistanceAnglePointCoder implements BoxCoder {
  readonly priors = 'rotated points';
  readonly encodeSize = ROTATED;
  readonly clips = false;

  constructor(private readonly version: AngleVersion) {}

  encode(points: Float32Array, boxes: Float32Array, { maxDistance, epsilon = 0.1 }: EncodeOptions = {}): Float32Array {
    const out = new Float32Array(boxes.length);
    const limit = (v: number) => (maxDistance === undefined ? v : Math.min(Math.max(v, 0), maxDistance - epsilon));
    for (let i = 0; i < boxes.length / ROTATED; i++) {
      const [x, y, w, h, angle] = boxes.subarray(ROTATED * i, ROTATED * (i + 1));
      const [dx, dy] = [points[4 * i] - x, points[4 * i + 1] - y];
      const [u, v] = [dx * Math.cos(angle) + dy * Math.sin(angle), dy * Math.cos(angle) - dx * Math.sin(angle)];
      out.set([...[w / 2 + u, h / 2 + v, w / 2 - u, h / 2 - v].map(limit), angle], ROTATED * i);
    }
    return out;
  }

  decode(points: Float32Array, codes: Float32Array): Float32Array {
    const out = new Float32Array(codes.length);
    for (let i = 0; i < codes.length / ROTATED; i++) {
      const [left, top, right, bottom, angle] = codes.subarray(ROTATED * i, ROTATED * (i + 1));
      const [dx, dy] = [(right - left) / 2, (bottom - top) / 2];
      const x = points[4 * i] + dx * Math.cos(angle) - dy * Math.sin(angle);
      const y = points[4 * i + 1] + dx * Math.sin(angle) + dy * Math.cos(angle);
      out.set([x, y, left + right, top + bottom, normalAngle(angle, this.version)], ROTATED * i);
    }
    return out;
  }

  decodeTensors<T extends tf.Tensor>(points: Float32Array | tf.Tensor, codes: T): T {
    return decodeRotated(
      points instanceof tf.Tensor ? points.dataSync<'float32'>().slice() : points,
      codes,
      this.version,
    );
  }
}

export const angleVersionOption = (version: AngleVersion) =>
  z
    .enum(ANGLE_VERSIONS)
    .default(version)
    .describe('Range of decoded angles: le90 from -90 degrees up to 90, le135 from -45 up to 135, oc as predicted');

export const distanceAnglePointCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'DistanceAnglePointCoder',
  summary: 'Encodes rotated boxes as the distances of their sides from a point, and their angle',
  origin: 'MMRotate',
  shapes: 'points [n, 4] (x, y, stride x, stride y) and codes [n, 5] <-> rotated boxes [n, 5]',
  example: "{ type: 'DistanceAnglePointCoder', angle_version: 'le90' }",
  options: z.strictObject({
    clip_border: ignoredOption('rotated boxes are not clipped, as in MMRotate', { schema: z.boolean().default(true) }),
    angle_version: angleVersionOption('oc'),
  }),
  contract: { priors: 'rotated points' },
  build: ({ angle_version }) => new DistanceAnglePointCoder(angle_version),
});
