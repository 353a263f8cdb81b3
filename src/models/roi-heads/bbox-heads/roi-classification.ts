// How heads on RoIs learn classes.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../../errors';
import { accuracy, hasOwnScores, type Loss } from '../../losses';
import type { Losses } from '../../types';
import type { BBoxOutputs, BoxHead } from '../types';
import { type BBoxTargets, labelWeightsOf } from './bbox-targets';

/** Channels of the scores of a head. */
export const scoreChannels = (loss: Loss, classes: number): number =>
  hasOwnScores(loss) ? loss.scoreChannels(classes) : classes + 1;

/** Probabilities [K, classes + 1] of what a head predicts, the last one the background. */
export const probabilitiesOf = (head: Pick<BoxHead, 'probabilities'>, scores: tf.Tensor2D): tf.Tensor2D =>
  head.probabilities?.(scores) ?? tf.softmax(scores);

/** `loss_cls`, and the accuracy `acc` in percent; of a loss with scores of its own, what it names. */
export function classificationLosses(loss: Loss, scores: tf.Tensor2D, targets: BBoxTargets, avgFactor: number): Losses {
  const logits = scores.cast<tf.Tensor2D>('float32');
  const truth = tf.tensor1d(targets.labels, 'int32');
  const weighted = targets.labelWeights || targets.positiveWeight !== 1;
  const weight = weighted ? tf.tensor1d(labelWeightsOf(targets)) : undefined;
  const call = { weight, avgFactor };
  if (!hasOwnScores(loss))
    return { loss_cls: loss.forward(logits, truth, call) as tf.Scalar, acc: accuracy(logits, truth) };
  const losses = loss.namedLosses?.(logits, truth, call) ?? {
    loss_cls: loss.forward(logits, truth, call) as tf.Scalar,
  };
  return { ...losses, ...loss.accuracies(logits, truth) };
}

/** See `BoxHead.perSampleLoss`. */
export function perSampleLoss(
  loss: Loss,
  { scores }: BBoxOutputs,
  labels: Int32Array,
  numClasses: number,
): Float32Array {
  if (!scores)
    throw new DetLabError(
      'Cannot compute the classification loss of each RoI: the bbox_head has with_cls false. Set with_cls, or use RandomSampler',
    );
  if (hasOwnScores(loss))
    throw new DetLabError(
      'Cannot compute the classification loss of each RoI: loss_cls is not one of a softmax. Use CrossEntropyLoss, or RandomSampler',
    );
  const truth = tf.tensor1d(
    labels.map((label) => (label < 0 ? numClasses : label)),
    'int32',
  );
  return loss.forward(scores.cast('float32'), truth, { reduction: 'none' }).dataSync<'float32'>();
}
