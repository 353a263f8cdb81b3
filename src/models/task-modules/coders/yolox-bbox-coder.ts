// The box coder of YOLOX: the center in strides from the point, and the logarithm of the size in strides (Ge et al., 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { BoxCoder } from '../types';
import { useBoxType } from '../use-box-type-option';

const f = Math.fround;

export class YOLOXBBoxCoder implements BoxCoder {
  readonly priors = 'centered points';
  readonly encodeSize = 4;
  readonly clips = false;

  encode(points: Float32Array, boxes: Float32Array): Float32Array {
    return boxes.map((_, i) => {
      const low = (i & ~3) | (i & 1); // x1 or y1 of the box, x or y of the point
      const [start, end, stride] = [boxes[low], boxes[low + 2], points[low + 2]];
      return i & 2 ? Math.log((end - start) / stride + 1e-8) : ((start + end) / 2 - points[low]) / stride;
    });
  }

  decode(points: Float32Array, codes: Float32Array): Float32Array {
    return codes.map((_, i) => {
      const low = (i & ~3) | (i & 1);
      const stride = points[low + 2];
      const center = f(f(codes[low] * stride) + points[low]);
      const half = f(f(f(Math.exp(codes[low + 2])) * stride) * 0.5);
      return i & 2 ? center + half : center - half;
    });
  }

  decodeTensors<T extends tf.Tensor>(points: Float32Array, codes: T): T {
    const [centers, strides] = tf.split(tf.tensor2d(points, [points.length / 4, 4]), 2, 1);
    const [shift, growth] = tf.split(codes, 2, -1);
    const center = tf.add(tf.mul(shift, strides), centers);
    const half = tf.mul(tf.mul(tf.exp(growth), strides), 0.5);
    return tf.concat([tf.sub(center, half), tf.add(center, half)], -1) as T;
  }
}

export const yoloxBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'YOLOXBBoxCoder',
  summary: 'Encodes boxes as their center relative to a point and the logarithm of their size, in strides',
  paper: 'Ge et al., YOLOX, 2021 (MMYOLO)',
  shapes: 'points [n, 4] (x, y, stride x, stride y) and boxes [n, 4] <-> codes [n, 4] (x, y, log w, log h)',
  example: "{ type: 'YOLOXBBoxCoder' }",
  options: z.strictObject({ use_box_type: useBoxType }),
  contract: { priors: 'centered points' },
  build: () => new YOLOXBBoxCoder(),
});
