// BoundedIoULoss: the upper bound of the IoU that each coordinate allows, smoothed (Tychsen-Smith and Petersson, CVPR 2018).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, type BoxLossOptions, boxLossOptions } from './box-loss';

export class BoundedIoULoss extends BoxLoss<BoxLossOptions & { beta: number }> {
  /** [n, 4]: x, y, width, height. */
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { beta, eps } = this.options;
    const [p1, p2] = tf.split(prediction, 2, -1);
    const [t1, t2] = tf.split(target, 2, -1);
    const [size, truthSize] = [tf.sub(p2, p1), tf.sub(t2, t1)];
    const shift = tf.mul(tf.abs(tf.sub(tf.add(t1, t2), tf.add(p1, p2))), 0.5);
    const twice = tf.mul(shift, 2);
    const center = tf.maximum(tf.div(tf.sub(truthSize, twice), tf.add(tf.add(truthSize, twice), eps)), 0);
    const extent = tf.minimum(tf.div(truthSize, tf.add(size, eps)), tf.div(size, tf.add(truthSize, eps)));
    const miss = tf.sub(1, tf.concat([center, extent], -1));
    return tf.where(tf.less(miss, beta), tf.mul(tf.square(miss), 0.5 / beta), tf.sub(miss, 0.5 * beta));
  }
}

export const boundedIoULossDefinition = defineModule({
  kind: 'loss',
  type: 'BoundedIoULoss',
  summary: 'Smoothed upper bound of the IoU, coordinate by coordinate',
  paper: 'Tychsen-Smith and Petersson, Fitness NMS and Bounded IoU Loss, CVPR 2018',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'BoundedIoULoss', beta: 0.2 }",
  options: z.strictObject({
    ...boxLossOptions(1e-3),
    beta: z.number().positive().default(0.2).describe('Upper bound: the loss is linear above this difference'),
  }),
  build: (options) => new BoundedIoULoss(options),
});
