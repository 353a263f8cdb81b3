// TBLRBBoxCoder: the distances of the top, bottom, left and right side from the centre of the anchor, in units of its height
// and width (Zhu et al., FSAF, CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { BoxCoder, DecodeOptions } from '../types';
import { useBoxType } from '../use-box-type-option';
import { boxRows } from './box-rows';

const f = Math.fround;
type Four = [number, number, number, number];

/** Index in (x1, y1, x2, y2) of top, bottom, left and right. */
const SIDES = [1, 3, 0, 2];

export class TBLRBBoxCoder implements BoxCoder {
  readonly priors = 'boxes';
  readonly encodeSize = 4;
  /** For top, bottom, left and right. */
  private readonly normalizer: Four;
  private readonly clipBorder: boolean;

  constructor({ normalizer, clip_border }: { normalizer: number | Four; clip_border: boolean }) {
    this.normalizer = typeof normalizer === 'number' ? [normalizer, normalizer, normalizer, normalizer] : normalizer;
    this.clipBorder = clip_border;
  }

  get clips(): boolean {
    return this.clipBorder;
  }

  encode(boxes: Float32Array, truths: Float32Array): Float32Array {
    return boxes.map((_, i) => {
      const side = SIDES[i & 3];
      const { center, size } = axis(boxes, i - (i & 3) + (side & 1));
      const edge = truths[i - (i & 3) + side];
      return f(f(side & 2 ? edge - center : center - edge) / size) / f(this.normalizer[i & 3]);
    });
  }

  decode(boxes: Float32Array, deltas: Float32Array, { maxShape }: DecodeOptions = {}): Float32Array {
    const out = new Float32Array(deltas.length);
    const clip = this.clipBorder && maxShape !== undefined;
    for (let i = 0; i < out.length; i++) {
      const side = SIDES[i & 3];
      const at = i - (i & 3);
      const { center, size } = axis(boxes, at + (side & 1));
      const distance = f(size * f(deltas[i] * f(this.normalizer[i & 3])));
      const edge = f(side & 2 ? center + distance : center - distance);
      out[at + side] = clip ? Math.min(Math.max(edge, 0), maxShape[side & 1 ? 0 : 1]) : edge;
    }
    return out;
  }

  decodeTensors<T extends tf.Tensor>(boxes: Float32Array | tf.Tensor, deltas: T, { maxShape }: DecodeOptions = {}): T {
    const [topLeft, bottomRight] = tf.split(boxRows(boxes), 2, -1);
    const [width, height] = tf.split(tf.sub(bottomRight, topLeft), 2, -1);
    const [x, y] = tf.split(tf.div(tf.add(topLeft, bottomRight), 2), 2, -1);
    const [top, bottom, left, right] = tf.split(tf.mul(deltas, this.normalizer), 4, -1);
    const corners = tf.concat(
      [
        tf.sub(x, tf.mul(left, width)),
        tf.sub(y, tf.mul(top, height)),
        tf.add(x, tf.mul(right, width)),
        tf.add(y, tf.mul(bottom, height)),
      ],
      -1,
    ) as T;
    if (!this.clipBorder || !maxShape) return corners;
    const [h, w] = maxShape;
    return tf.minimum(tf.maximum(corners, 0), [w, h, w, h]);
  }
}

/** Centre and size, along one axis, of the box whose x1 or y1 is at `low`. */
function axis(boxes: Float32Array, low: number): { center: number; size: number } {
  return { center: f(boxes[low] + boxes[low + 2]) / 2, size: f(boxes[low + 2] - boxes[low]) };
}

export const tblrBBoxCoderDefinition = defineModule({
  kind: 'bbox_coder',
  type: 'TBLRBBoxCoder',
  summary: 'Encodes boxes as the distances of their sides from the centre of an anchor',
  paper: 'Zhu et al., Feature Selective Anchor-Free Module, CVPR 2019',
  shapes: 'anchors [n, 4], boxes [n, 4] <-> distances [n, 4] (top, bottom, left, right)',
  example: "{ type: 'TBLRBBoxCoder', normalizer: 4 }",
  options: z.strictObject({
    normalizer: z
      .union([z.number(), z.tuple([z.number(), z.number(), z.number(), z.number()])])
      .default(4)
      .describe('Divisor of the distances, or one each for top, bottom, left and right'),
    clip_border: z.boolean().default(true).describe('Clip decoded boxes to the image'),
    use_box_type: useBoxType,
  }),
  contract: { priors: 'boxes' },
  build: (given) => new TBLRBBoxCoder(given),
});
