// GIoULoss: the IoU minus the empty fraction of the smallest enclosing box (Rezatofighi et al., CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, boxLossOptions } from './box-loss';
import { area, boxPair } from './box-pair';

export class GIoULoss extends BoxLoss {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps } = this.options;
    const { iou, union, enclosing } = boxPair(prediction, target, (u) => tf.maximum(u, eps));
    const around = tf.maximum(area(enclosing), eps);
    return tf.sub(1, tf.sub(iou, tf.div(tf.sub(around, union), around)));
  }
}

export const giouLossDefinition = defineModule({
  kind: 'loss',
  type: 'GIoULoss',
  summary: 'One minus the generalised IoU, which also has a gradient for boxes that do not overlap',
  paper: 'Rezatofighi et al., Generalized Intersection over Union, CVPR 2019',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'GIoULoss', loss_weight: 2 }",
  options: z.strictObject(boxLossOptions()),
  build: (options) => new GIoULoss(options),
});
