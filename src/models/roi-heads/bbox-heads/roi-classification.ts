// How heads on RoIs learn classes.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../../errors';
import { accuracy, type Loss } from '../../losses';
import type { Losses } from '../../types';
import type { BBoxOutputs } from '../types';
import { type BBoxTargets, labelWeightsOf } from './bbox-targets';

/** `loss_cls`, and the accuracy `acc` in percent. */
export function classificationLosses(loss: Loss, scores: tf.Tensor2D, targets: BBoxTargets, avgFactor: number): Losses {
  const logits = scores.cast<tf.Tensor2D>('float32');
  const truth = tf.tensor1d(targets.labels, 'int32');
  const weighted = targets.labelWeights || targets.positiveWeight !== 1;
  const weight = weighted ? tf.tensor1d(labelWeightsOf(targets)) : undefined;
  return { loss_cls: loss.forward(logits, truth, { weight, avgFactor }) as tf.Scalar, acc: accuracy(logits, truth) };
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
  const truth = tf.tensor1d(
    labels.map((label) => (label < 0 ? numClasses : label)),
    'int32',
  );
  return loss.forward(scores.cast('float32'), truth, { reduction: 'none' }).dataSync<'float32'>();
}
