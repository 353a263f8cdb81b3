// IoULoss: one minus the IoU, or minus its logarithm (Yu et al., UnitBox, 2016). MMYOLO's loss has the same name: with
// `iou_mode`, `bbox_format` or `return_iou` it is that one (see yolo-iou-loss.ts).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BoxLoss, type BoxLossOptions, boxLossOptions } from './box-loss';
import { atLeast, boxPair } from './box-pair';
import { YOLOIoULoss } from './yolo-iou-loss';

type IoULossOptions = BoxLossOptions & { mode: 'linear' | 'square' | 'log' };

export class IoULoss extends BoxLoss<IoULossOptions> {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { mode, eps } = this.options;
    // two different epsilons: the division's is fixed
    const iou = atLeast(boxPair(prediction, target, (union) => tf.maximum(union, 1e-6)).iou, eps);
    if (mode === 'log') return tf.neg(tf.log(iou));
    return tf.sub(1, mode === 'square' ? tf.square(iou) : iou);
  }
}

export const iouLossDefinition = defineModule({
  kind: 'loss',
  type: 'IoULoss',
  summary: "One minus the IoU of predicted and target box, or minus its logarithm; also MMYOLO's IoULoss",
  paper: 'Yu et al., UnitBox, ACM MM 2016',
  shapes: 'boxes [n, 4] and [n, 4] xyxy -> scalar',
  example: "{ type: 'IoULoss', mode: 'linear' }",
  options: z.strictObject({
    ...boxLossOptions(),
    linear: z.boolean().default(false).describe("Same as mode 'linear'"),
    mode: z.enum(['linear', 'square', 'log']).default('log').describe('1 - IoU, 1 - IoU^2 or -log IoU'),
    eps: z
      .number()
      .positive()
      .optional()
      .describe('Lower bound of the IoU (1e-6), or added to divisors (1e-7, MMYOLO)'),
    iou_mode: z.enum(['ciou', 'siou', 'giou']).optional().describe('MMYOLO: the IoU variant (ciou)'),
    bbox_format: z.enum(['xywh', 'xyxy']).optional().describe('MMYOLO: box format (xywh)'),
    return_iou: z.boolean().optional().describe('MMYOLO: also return the IoU (true)'),
  }),
  build: ({ linear, mode, iou_mode, bbox_format, return_iou, eps, ...rest }) =>
    iou_mode === undefined && bbox_format === undefined && return_iou === undefined
      ? new IoULoss({ ...rest, eps: eps ?? 1e-6, mode: linear ? 'linear' : mode })
      : new YOLOIoULoss({
          ...rest,
          eps: eps ?? 1e-7,
          iou_mode: iou_mode ?? 'ciou',
          bbox_format: bbox_format ?? 'xywh',
        }),
});
