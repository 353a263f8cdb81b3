// RTDETRHead: DINO's head, whose scores learn the IoU of the matched boxes where the loss is a VarifocalLoss (Zhao et al., CVPR 2024).

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../catalogue/registry';
import { VarifocalLoss } from '../losses';
import { type DeformableDETRHeadConfig, deformableDETRHeadOptions } from './deformable-detr-head';
import { detrHeadInferred, inferDETRHead } from './detr-head-options';
import { DINOHead } from './dino-head';
import type { QueryTargets } from './query-targets';

export class RTDETRHead extends DINOHead {
  protected override classLoss(
    logits: tf.Tensor2D,
    targets: QueryTargets,
    avgFactor: number,
    overlaps: () => tf.Tensor,
  ): tf.Tensor {
    if (!(this.lossCls instanceof VarifocalLoss)) return super.classLoss(logits, targets, avgFactor, overlaps);
    const classes = tf.oneHot(tf.tensor1d(targets.labels, 'int32'), this.numClasses + 1).cast('float32');
    const matched = tf.slice(classes, [0, 0], [-1, this.numClasses]);
    const wanted = tf.mul(matched, overlaps().expandDims(1));
    // a box that misses its object wants the score 0, but is no negative
    const weight = tf.sub(1, tf.mul(matched, tf.cast(tf.equal(wanted, 0), 'float32')));
    return this.lossCls.forward(logits, wanted, { weight, avgFactor });
  }
}

export const rtdetrHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTDETRHead',
  summary: "DINO's head with scores that learn the IoU of their boxes",
  paper: 'Zhao et al., DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024',
  shapes: 'queries [N, Q, C] and boxes [N, Q, 4] of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'RTDETRHead', num_classes: 80, loss_cls: { type: 'VarifocalLoss', use_rtdetr: true } }",
  options: deformableDETRHeadOptions,
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('RTDETRHead', given, context),
  build: (given, context) => new RTDETRHead(given as DeformableDETRHeadConfig, context),
});
