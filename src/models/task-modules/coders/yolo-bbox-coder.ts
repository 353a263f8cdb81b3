// YOLOBBoxCoder: the centre within its grid cell (0 .. 1) and the logarithm of the ratio of sizes (Redmon and Farhadi,
// YOLO9000, CVPR 2017).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { BoxCoder, DecodeOptions, EncodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';

const f = Math.fround;

export class YOLOBBoxCoder implements BoxCoder {
  readonly priors = 'cells';
  readonly encodeSize = 4;
  readonly clips = false;

  constructor(private readonly epsilon = 1e-6) {}

  encode(anchors: Float32Array, boxes: Float32Array, options: EncodeOptions = {}): Float32Array {
    const { epsilon } = this;
    const strides = stridesOf(options);
    return anchors.map((_, i) => {
      const at = i - (i & 3);
      const axis = i & 1;
      const size = (x: Float32Array) => x[at + axis + 2] - x[at + axis];
      const center = (x: Float32Array) => (x[at + axis] + x[at + axis + 2]) * 0.5;
      if (i & 2) return Math.log(Math.max(size(boxes) / size(anchors), epsilon));
      const offset = (center(boxes) - center(anchors)) / strides[i >> 2] + 0.5;
      return Math.min(Math.max(offset, epsilon), 1 - epsilon);
    });
  }

  decode(anchors: Float32Array, codes: Float32Array, options: DecodeOptions = {}): Float32Array {
    const strides = stridesOf(options);
    return codes.map((_, i) => {
      const low = (i & ~3) | (i & 1); // x1 or y1 of the anchor, and the code of the centre
      const center = f(f(f(anchors[low] + anchors[low + 2]) * 0.5) + f(f(codes[low] - 0.5) * strides[i >> 2]));
      const half = f(f(f(anchors[low + 2] - anchors[low]) * 0.5) * f(Math.exp(codes[low + 2])));
      return i & 2 ? center + half : center - half;
    });
  }

  decodeTensors<T extends tf.Tensor>(anchors: Float32Array, codes: T, options: DecodeOptions = {}): T {
    const count = anchors.length / 4;
    const strides = tf.tensor2d(Float32Array.from(stridesOf(options)), [count, 1]);
    const [low, high] = tf.split(tf.tensor2d(anchors, [count, 4]), 2, 1);
    const [offset, growth] = tf.split(codes, 2, -1);
    const center = tf.add(tf.mul(tf.add(low, high), 0.5), tf.mul(tf.sub(offset, 0.5), strides));
    const half = tf.mul(tf.mul(tf.sub(high, low), 0.5), tf.exp(growth));
    return tf.concat([tf.sub(center, half), tf.add(center, half)], -1) as T;
  }
}

function stridesOf({ strides }: Pick<DecodeOptions, 'strides'>): ArrayLike<number> {
  if (strides) return strides;
  throw new DetLabError(
    'Cannot code boxes with YOLOBBoxCoder: expected the stride of each anchor, received none. Pass it as `strides`',
  );
}

export const yoloBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'YOLOBBoxCoder',
  summary: 'Encodes boxes as their centre within a grid cell and their size relative to an anchor',
  paper: 'Redmon and Farhadi, YOLO9000, CVPR 2017',
  shapes: 'anchors [n, 4], strides [n], boxes [n, 4] <-> codes [n, 4] (x, y in the cell, log w, log h)',
  example: "{ type: 'YOLOBBoxCoder' }",
  options: z.strictObject({
    eps: z
      .number()
      .positive()
      .default(1e-6)
      .describe('Min distance of an encoded centre from the edge of its cell, in strides'),
    use_box_type: useBoxType,
  }),
  contract: { priors: 'cells' },
  build: ({ eps }) => new YOLOBBoxCoder(eps),
});
