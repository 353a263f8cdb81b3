// CIoULoss: IoU, center distance and aspect-ratio term (Zheng et al., 2020).
// As in MMDetection, the aspect-ratio term applies only where the IoU exceeds 0.5. Identical boxes give 0 (MMDetection: NaN).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { stopGradient } from '../../ops';
import { BoxLoss, boxLossOptions } from './box-loss';
import { boxPair } from './box-pair';
import { centerDistance } from './diou-loss';

/** 4 / pi^2 (atan(w2 / h2) - atan(w1 / h1))^2, [n]. */
export function ratioDifference([w1, h1]: [tf.Tensor, tf.Tensor], [w2, h2]: [tf.Tensor, tf.Tensor]): tf.Tensor {
  return tf.mul(tf.square(tf.sub(tf.atan(tf.div(w2, h2)), tf.atan(tf.div(w1, h1)))), 4 / Math.PI ** 2);
}

export class CIoULoss extends BoxLoss {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps } = this.options;
    const pair = boxPair(prediction, target, (union) => tf.add(union, eps));
    const { iou } = pair;
    const sides = (size: tf.Tensor2D): [tf.Tensor, tf.Tensor] => {
      const [w, h] = tf.unstack(size, -1);
      return [w, tf.add(h, eps)];
    };
    const v = ratioDifference(sides(pair.size), sides(pair.truthSize));
    const counts = tf.greater(iou, 0.5).cast('float32');
    // v / (1 - IoU + v), and 0 / 0 for identical boxes
    const alpha = stopGradient(tf.div(tf.mul(counts, v), tf.maximum(tf.add(tf.sub(1, iou), v), eps)));
    const ciou = tf.sub(iou, tf.add(centerDistance(pair, eps), tf.mul(alpha, v)));
    return tf.sub(1, tf.clipByValue(ciou, -1, 1));
  }
}

export const ciouLossDefinition = defineModule({
  kind: 'loss',
  type: 'CIoULoss',
  summary: 'One minus the IoU, plus the normalised center distance and an aspect-ratio term',
  paper: 'Zheng et al., Enhancing Geometric Factors in Model Learning and Inference, 2020',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'CIoULoss' }",
  options: z.strictObject(boxLossOptions()),
  build: (options) => new CIoULoss(options),
});
