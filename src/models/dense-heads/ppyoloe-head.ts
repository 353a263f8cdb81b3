// PPYOLOEHead: YOLOv6Head with distance distributions and their loss (Xu et al., PP-YOLOE, 2022; MMYOLO). The loss compares the
// distributions of the positives; MMYOLO 0.6 mixes up axes there and compares those of other cells and sides.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { type Loss, zeroLoss } from '../losses';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { lossDflOption } from './head-options';
import type { YOLOPointMaps } from './yolo-point-head';
import { YOLOv6Head, yolov6HeadOptions } from './yolov6-head';

const options = z.strictObject({
  ...yolov6HeadOptions,
  loss_dfl: lossDflOption({ type: 'DistributionFocalLoss', reduction: 'mean', loss_weight: 0.5 / 4 }),
});
export type PPYOLOEHeadConfig = z.output<typeof options>;

export class PPYOLOEHead extends YOLOv6Head<PPYOLOEHeadConfig> {
  protected readonly lossDfl: Loss;

  constructor(config: PPYOLOEHeadConfig, context: BuildContext) {
    super(config, context, { head: 'PPYOLOEHead', maps: ['scores', 'deltas', 'distributions'] });
    this.lossDfl = context.registry.build('loss', config.loss_dfl, { path: `${context.path}.loss_dfl` });
  }

  protected override losses(outputs: DenseOutputs<YOLOPointMaps>, targets: BatchTargets): Losses {
    const sum = Math.max(this.scoreSum(targets), 1);
    const loss_cls = tf.div<tf.Scalar>(this.classLoss(outputs, targets), sum);
    const { positives } = targets;
    if (positives.length === 0) {
      const zero = zeroLoss(this);
      return { loss_cls, loss_bbox: zero, loss_dfl: zero };
    }
    const boxes = this.positiveBoxes(outputs, targets);
    return {
      loss_cls,
      loss_bbox: this.boxLoss(boxes, { avgFactor: sum }) as tf.Scalar,
      loss_dfl: this.distributionLoss(this.lossDfl, outputs, positives, boxes, sum) as tf.Scalar,
    };
  }
}

export const ppyoloeHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'PPYOLOEHead',
  summary: 'Anchor-free head with channel weights whose box sides are distributions over distances',
  paper: 'Xu et al., PP-YOLOE, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'PPYOLOEHead', head_module: { type: 'PPYOLOEHeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new PPYOLOEHead(given, context),
});
