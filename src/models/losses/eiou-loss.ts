// EIoULoss: an IoU extended below zero for boxes that do not overlap, smoothed near a perfect match (Peng and Yu, 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, type BoxLossOptions, boxLossOptions } from './box-loss';

export class EIoULoss extends BoxLoss<BoxLossOptions & { smooth_point: number }> {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps, smooth_point: point } = this.options;
    const [px1, py1, px2, py2] = tf.unstack(prediction, -1);
    const [tx1, ty1, tx2, ty2] = tf.unstack(target, -1);
    const [ex, ey] = [tf.minimum(px1, tx1), tf.minimum(py1, ty1)];
    // the corners of the overlap seen from that of the box around both; they change places where nothing overlaps
    const from = (a: tf.Tensor, e: tf.Tensor) => tf.sub(a, e);
    const [ix1, iy1] = [tf.maximum(px1, tx1), tf.maximum(py1, ty1)];
    const [ix2, iy2] = [tf.minimum(px2, tx2), tf.minimum(py2, ty2)];
    const [xmin, ymin] = [tf.minimum(ix1, ix2), tf.minimum(iy1, iy2)];
    const [xmax, ymax] = [tf.maximum(ix1, ix2), tf.maximum(iy1, iy2)];
    const overlap = tf.sub(
      tf.add(tf.mul(from(ix2, ex), from(iy2, ey)), tf.mul(from(xmin, ex), from(ymin, ey))),
      tf.add(tf.mul(from(ix1, ex), from(ymax, ey)), tf.mul(from(xmax, ex), from(iy1, ey))),
    );
    const areas = tf.add(tf.mul(tf.sub(px2, px1), tf.sub(py2, py1)), tf.mul(tf.sub(tx2, tx1), tf.sub(ty2, ty1)));
    const miss = tf.sub(1, tf.div(overlap, tf.add(tf.sub(areas, overlap), eps)));
    const near = tf.less(miss, point);
    return tf.where(near, tf.mul(tf.square(miss), 0.5 / point), tf.sub(miss, 0.5 * point));
  }
}

export const eiouLossDefinition = defineModule({
  kind: 'loss',
  type: 'EIoULoss',
  summary: 'Extended IoU with a gradient for boxes that do not overlap, quadratic near a perfect match',
  paper: 'Peng and Yu, A Systematic IoU-Related Method, IEEE TIP 2021',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'EIoULoss', smooth_point: 0.1 }",
  options: z.strictObject({
    ...boxLossOptions(),
    smooth_point: z.number().positive().default(0.1).describe('1 - IoU below which the loss is quadratic'),
  }),
  build: (options) => new EIoULoss(options),
});
