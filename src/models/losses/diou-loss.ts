// DIoULoss: the IoU minus the normalised center distance (Zheng et al., AAAI 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, boxLossOptions } from './box-loss';
import { type BoxPair, boxPair } from './box-pair';

/** Squared distance of the centers over the squared diagonal of the box around both, [n]. */
export const centerDistance = ({ shift, enclosing }: BoxPair, eps: number): tf.Tensor =>
  tf.div(tf.sum(tf.square(shift), -1), tf.add(tf.sum(tf.square(enclosing), -1), eps));

export class DIoULoss extends BoxLoss {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps } = this.options;
    const pair = boxPair(prediction, target, (union) => tf.add(union, eps));
    return tf.sub(1, tf.sub(pair.iou, centerDistance(pair, eps)));
  }
}

export const diouLossDefinition = defineModule({
  kind: 'loss',
  type: 'DIoULoss',
  summary: 'One minus the IoU, plus the normalised center distance',
  paper: 'Zheng et al., Distance-IoU Loss, AAAI 2020',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'DIoULoss' }",
  options: z.strictObject(boxLossOptions()),
  build: (options) => new DIoULoss(options),
});
