// SIoULoss: IoU with angle, distance and shape costs (Gevorgyan, 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, type BoxLossOptions, boxLossOptions } from './box-loss';
import { atLeast, boxPair } from './box-pair';

/** Pixels; no box has a side as small. */
const TINY = 1e-12;

export class SIoULoss extends BoxLoss<BoxLossOptions & { neg_gamma: boolean }> {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps, neg_gamma } = this.options;
    const pair = boxPair(prediction, target, (union) => tf.add(union, eps));
    const shift = tf.add(pair.shift, eps);
    const distance = tf.div(shift, atLeast(pair.enclosing, eps));
    const heightened = (size: tf.Tensor2D) => tf.add(size, [0, eps]);
    const cost = siouCost(shift, distance, [heightened(pair.size), heightened(pair.truthSize)], { neg_gamma });
    return tf.sub(1, tf.clipByValue(tf.sub(pair.iou, cost), -1, 1));
  }
}

/** Half of the distance and shape costs, [n]. `shift` and `distance` (relative) of the centers [n, 2], sizes [n, 2]. */
export function siouCost(
  shift: tf.Tensor,
  distance: tf.Tensor,
  [size, truthSize]: [tf.Tensor, tf.Tensor],
  { neg_gamma = false, theta = 4 }: { neg_gamma?: boolean; theta?: number } = {},
): tf.Tensor {
  const sine = tf.div(tf.abs(shift), tf.sqrt(tf.sum(tf.square(shift), -1, true)));
  const [alongX, alongY] = tf.unstack(sine, -1);
  // cos(2 asin(s) - pi / 2) = sin(2 asin(s))
  const angle = tf.cos(
    tf.sub(tf.mul(tf.asin(tf.where(tf.greater(alongX, Math.SQRT1_2), alongY, alongX)), 2), Math.PI / 2),
  );
  const gamma = (neg_gamma ? tf.sub(angle, 2) : tf.sub(2, angle)).expandDims(-1);
  const distances = tf.sum(tf.sub(1, tf.exp(tf.mul(gamma, tf.square(distance)))), -1);
  const larger = atLeast(tf.maximum(size, truthSize), TINY); // 0 / 0 where neither box has a width
  const relative = tf.div(tf.abs(tf.sub(size, truthSize)), larger);
  const shape = tf.sum(tf.pow(tf.sub(1, tf.exp(tf.neg(relative))), theta), -1);
  return tf.mul(tf.add(distances, shape), 0.5);
}

export const siouLossDefinition = defineModule({
  kind: 'loss',
  type: 'SIoULoss',
  summary: 'One minus the IoU, plus a distance cost that depends on the angle and a shape cost',
  paper: 'Gevorgyan, SIoU Loss: More Powerful Learning for Bounding Box Regression, 2022',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'SIoULoss' }",
  options: z.strictObject({
    ...boxLossOptions(),
    neg_gamma: z.boolean().default(false).describe('Sign of the distance cost as in the paper'),
  }),
  build: (options) => new SIoULoss(options),
});
