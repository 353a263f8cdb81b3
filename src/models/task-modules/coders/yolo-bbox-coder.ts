// YOLOBBoxCoder: the centre within its cell (0 .. 1) and the logarithm of the change in size (Redmon and Farhadi, YOLO9000).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';

export class YOLOBBoxCoder {
  readonly encodeSize = 4;

  constructor(private readonly epsilon = 1e-6) {}

  /** Targets of n boxes from n anchors (flat xyxy) and the stride of each. */
  encode(anchors: Float32Array, boxes: Float32Array, strides: ArrayLike<number>): Float32Array {
    const { epsilon } = this;
    return anchors.map((_, i) => {
      const at = i - (i & 3);
      const axis = i & 1;
      const size = (x: Float32Array) => x[at + axis + 2] - x[at + axis];
      const middle = (x: Float32Array) => (x[at + axis] + x[at + axis + 2]) * 0.5;
      if (i & 2) return Math.log(Math.max(size(boxes) / size(anchors), epsilon));
      const place = (middle(boxes) - middle(anchors)) / strides[i >> 2] + 0.5;
      return Math.min(Math.max(place, epsilon), 1 - epsilon);
    });
  }

  /** Boxes of predictions [..., 4] (centre 0 .. 1) on anchors [T, 4] with strides [T, 1]. */
  decodeTensors(anchors: tf.Tensor2D, predictions: tf.Tensor, strides: tf.Tensor2D): tf.Tensor {
    const [low, high] = tf.split(anchors, 2, 1);
    const [place, growth] = tf.split(predictions, 2, -1);
    const centre = tf.add(tf.mul(tf.add(low, high), 0.5), tf.mul(tf.sub(place, 0.5), strides));
    const half = tf.mul(tf.mul(tf.sub(high, low), 0.5), tf.exp(growth));
    return tf.concat([tf.sub(centre, half), tf.add(centre, half)], -1);
  }
}

export const yoloBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'YOLOBBoxCoder',
  summary: 'A box by its centre within the cell and its size relative to the anchor',
  paper: 'Redmon and Farhadi, YOLO9000, CVPR 2017',
  shapes: 'anchors [n, 4] and predictions [n, 4] <-> boxes [n, 4]',
  example: "{ type: 'YOLOBBoxCoder' }",
  options: z.strictObject({
    eps: z.number().positive().default(1e-6).describe('Keeps centres off the edge of the cell'),
    use_box_type: z.boolean().default(false).describe("Accepted for MMDetection's sake: boxes are always plain xyxy"),
  }),
  build: ({ eps }) => new YOLOBBoxCoder(eps),
});
