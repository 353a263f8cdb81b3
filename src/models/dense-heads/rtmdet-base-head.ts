// What both RTMDet heads share: dynamic soft label assignment, class scores that predict the quality of the box, and box losses
// weighted by it (Lyu et al., RTMDet, 2022). The two differ in whether layers are per level.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { sigmoidGeometricMean } from '../../ops';
import { meanOverRanks } from '../../ops/over-ranks';
import { type QualityLoss, requireQualityLoss, zeroLoss } from '../losses';
import type { AssignerOffer, PriorForm } from '../task-modules';
import type { Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import {
  actOption,
  groupNormOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  normalInit,
  pointCoderOption,
  pointsOption,
  predKernelOption,
  sigmoidEntropy,
  testCfgOption,
  towerOptions,
  trainCfgText,
} from './head-options';

export const rtmdetOptions = {
  ...headOptions,
  ...towerOptions,
  stacked_convs: z.number().int().positive().default(4).describe('Number of 3x3 convolutions in each tower'),
  with_objectness: z.boolean().default(true).describe('Combine class scores with a predicted objectness'),
  pred_kernel_size: predKernelOption(3),
  norm_cfg: groupNormOption,
  act_cfg: actOption('ReLU'),
  anchor_generator: pointsOption(0),
  bbox_coder: pointCoderOption,
  reg_decoded_bbox: ignoredOption('as in MMDetection, the box loss compares decoded boxes', {
    schema: z.boolean().default(true),
  }),
  loss_cls: lossClsOption({ type: 'QualityFocalLoss', use_sigmoid: true, beta: 2, loss_weight: 1 }),
  loss_bbox: lossBboxOption({ type: 'GIoULoss', loss_weight: 2 }),
  loss_centerness: ignoredOption('there is no centerness branch', {
    schema: moduleOption('loss').default(sigmoidEntropy),
  }),
  train_cfg: anchorTrainCfg.nullish().describe(trainCfgText),
  test_cfg: testCfgOption,
  init_cfg: initOptionOf(normalInit),
};
const shape = z.strictObject(rtmdetOptions);
export type RTMDetConfig = z.output<typeof shape> & { num_classes: number; in_channels: number };

/** `deltas` are distances left, top, right, bottom in pixels. */
export abstract class RTMDetBaseHead<
  C extends RTMDetConfig = RTMDetConfig,
  M extends string = never,
> extends AnchorHead<C, M> {
  protected readonly qualityLoss: QualityLoss;

  constructor(config: C, context: BuildContext, head?: string, coder?: PriorForm) {
    super(config, context, { form: 'points', head, coder });
    this.qualityLoss = requireQualityLoss(this.lossCls, config.loss_cls, `${context.path}.loss_cls`);
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, reads: ['maxOverlaps'] };
  }

  protected override get decodedTargets(): boolean {
    return true;
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps | M>, targets: BatchTargets): Losses {
    const sum = meanOverRanks(
      targets.overlaps.reduce((a, b) => a + b, 0),
      1,
    );
    return this.weightedLosses(outputs, targets, sum);
  }

  /** What the box loss compares: boxes of all priors [N, T, K], and those of the ground truth of the positives [P, K]. */
  protected compared(outputs: DenseOutputs<AnchorMaps | M>, { boxes }: BatchTargets): [tf.Tensor3D, Float32Array] {
    return [this.boxes(outputs), boxes];
  }

  /** @param sum of the qualities of all positives: the divisor */
  protected weightedLosses(outputs: DenseOutputs<AnchorMaps | M>, targets: BatchTargets, sum: number): Losses {
    const { labels, labelWeights, positives, overlaps } = targets;
    const quality = new Float32Array(labels.length); // [N * T]
    for (const [k, row] of positives.entries()) quality[row] = overlaps[k];
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.numClasses]);
    const cls = this.qualityLoss.forward(logits, [tf.tensor1d(labels, 'int32'), tf.tensor1d(quality)], {
      weight: tf.tensor1d(labelWeights),
      avgFactor: 1,
    });
    const loss_cls = tf.div(cls, sum) as tf.Scalar;
    if (positives.length === 0) return { loss_cls, loss_bbox: zeroLoss(this) };
    const [table, boxes] = this.compared(outputs, targets);
    const bbox = this.lossBbox.forward(
      atPositives(table, positives),
      tf.tensor2d(boxes, [positives.length, boxes.length / positives.length]),
      { weight: tf.tensor1d(overlaps), avgFactor: 1 },
    );
    return { loss_cls, loss_bbox: tf.div(bbox, sum) as tf.Scalar };
  }
}

/** The rows of a table [N, T, K] that belong to the positives [P, K]. */
export const atPositives = (table: tf.Tensor3D, positives: Int32Array): tf.Tensor2D =>
  tf.gather(table.reshape<tf.Tensor2D>([-1, table.shape[2]]), tf.tensor1d(positives, 'int32'));

/** Class logits joined with the logit of an object: the logit of the geometric mean of both sigmoids. */
export function withObjectness(scores: tf.Tensor4D, object: tf.Tensor4D): tf.Tensor4D {
  const mean = sigmoidGeometricMean(scores, object);
  const atLeast = (x: tf.Tensor) => tf.clipByValue(x, 1e-5, Number.POSITIVE_INFINITY);
  return tf.log(tf.div(atLeast(mean), atLeast(tf.sub(1, mean)))) as tf.Tensor4D;
}
