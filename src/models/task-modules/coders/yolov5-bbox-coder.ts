// YOLOv5BBoxCoder: from a sigmoid s, the center within 1.5 cells of that of its cell (2 s - 1 strides away) and the size as up
// to 4 times the anchor's, (2 s)^2 (Jocher et al., YOLOv5, 2020; MMYOLO).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { BoxCoder, DecodeOptions, EncodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';

const f = Math.fround;
const sigmoid = (x: number) => f(1 / (1 + Math.exp(-x)));
const logit = (p: number) => Math.log(p / (1 - p));

export class YOLOv5BBoxCoder implements BoxCoder {
  readonly priors = 'sigmoid cells';
  readonly encodeSize = 4;
  readonly clips = false;

  /** The codes that `decode` turns into `boxes`; MMYOLO has none: infinite for boxes that no code reaches. */
  encode(anchors: Float32Array, boxes: Float32Array, options: EncodeOptions = {}): Float32Array {
    const strides = stridesOf(options);
    return anchors.map((_, i) => {
      const low = (i & ~3) | (i & 1);
      const size = (x: Float32Array) => x[low + 2] - x[low];
      const center = (x: Float32Array) => (x[low] + x[low + 2]) / 2;
      if (i & 2) return logit(Math.min(Math.sqrt(size(boxes) / size(anchors)) / 2, 1));
      return logit(Math.min(Math.max((center(boxes) - center(anchors)) / strides[i >> 2] / 2 + 0.5, 0), 1));
    });
  }

  decode(anchors: Float32Array, codes: Float32Array, options: DecodeOptions = {}): Float32Array {
    const strides = stridesOf(options);
    return codes.map((_, i) => {
      const low = (i & ~3) | (i & 1); // x1 or y1 of the anchor, and the code of the center
      const middle = f(f(anchors[low] + anchors[low + 2]) * 0.5);
      const center = f(f(f(f(sigmoid(codes[low]) - 0.5) * 2) * strides[i >> 2]) + middle);
      const size = f(f((sigmoid(codes[low + 2]) * 2) ** 2) * f(anchors[low + 2] - anchors[low]));
      return i & 2 ? center + size / 2 : center - size / 2;
    });
  }

  decodeTensors<T extends tf.Tensor>(anchors: Float32Array | tf.Tensor2D, codes: T, options: DecodeOptions = {}): T {
    const priors = anchors instanceof tf.Tensor ? anchors : tf.tensor2d(anchors, [anchors.length / 4, 4]);
    const strides = tf.tensor2d(Float32Array.from(stridesOf(options)), [priors.shape[0], 1]);
    const [low, high] = tf.split(priors, 2, 1);
    const [offset, growth] = tf.split(tf.sigmoid(codes), 2, -1);
    const shift = tf.mul(tf.mul(tf.sub(offset, 0.5), 2), strides);
    const center = tf.add(shift, tf.mul(tf.add(low, high), 0.5));
    const half = tf.div(tf.mul(tf.square(tf.mul(growth, 2)), tf.sub(high, low)), 2);
    return tf.concat([tf.sub(center, half), tf.add(center, half)], -1) as T;
  }
}

function stridesOf({ strides }: Pick<DecodeOptions, 'strides'>): ArrayLike<number> {
  if (strides) return strides;
  throw new DetLabError(
    'Cannot code boxes with YOLOv5BBoxCoder: expected the stride of each anchor, received none. Pass it as `strides`',
  );
}

export const yolov5BBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'YOLOv5BBoxCoder',
  summary: 'Encodes boxes as sigmoids: their center near a grid cell and their size up to 4 times that of an anchor',
  paper: 'Jocher et al., YOLOv5, 2020 (MMYOLO)',
  shapes: 'anchors [n, 4], strides [n], boxes [n, 4] <-> codes [n, 4] before the sigmoid',
  example: "{ type: 'YOLOv5BBoxCoder' }",
  options: z.strictObject({ use_box_type: useBoxType }),
  contract: { priors: 'sigmoid cells' },
  build: () => new YOLOv5BBoxCoder(),
});
