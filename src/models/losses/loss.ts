// What every loss is: element-wise values, weighted and reduced as MMDetection does.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';

export type Reduction = 'none' | 'mean' | 'sum';

/** How one call weighs and averages. */
export interface LossCall {
  /** Weights that broadcast to the element-wise loss. */
  weight?: tf.Tensor;
  /** Divides the sum in place of the number of elements; only with `mean`. */
  avgFactor?: number | tf.Scalar;
  /** Replaces the reduction the loss was built with, for this call. */
  reduction?: Reduction;
}

/** A loss function with its options. It holds no tensors. */
export interface Loss {
  /** Scalar for `mean` and `sum`, element-wise for `none`. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call?: LossCall): tf.Tensor;
  /** Of a loss that counts over the ranks of a run: called in place of `forward` where this rank has nothing to compare. */
  takePart?(): void;
}

/** A loss over class scores. With `useSigmoid` a head has one channel per class, else one more for the background. */
export interface ClassificationLoss extends Loss {
  readonly useSigmoid: boolean;
}

/** A classification loss that says what a head on RoIs predicts for it: channels, probabilities and accuracies of its own. */
export interface OwnScoresLoss extends ClassificationLoss {
  /** Channels that a head predicts. @throws DetLabError where the loss is of another number of classes */
  scoreChannels(classes: number): number;
  /** Scores [N, channels] -> probabilities [N, classes + 1], the last one the background. */
  activate(scores: tf.Tensor2D): tf.Tensor2D;
  /** What is logged beside the losses, in percent. */
  accuracies(scores: tf.Tensor2D, labels: tf.Tensor1D): Record<string, tf.Scalar>;
  /** The losses by name, where they are several. */
  namedLosses?(scores: tf.Tensor2D, labels: tf.Tensor1D, call: LossCall): Record<string, tf.Scalar>;
}

export const hasOwnScores = (loss: Loss): loss is OwnScoresLoss => 'scoreChannels' in loss;

/** A classification loss whose targets are labels [N] and the quality (IoU) of each box [N]. */
export interface QualityLoss extends ClassificationLoss {
  readonly qualityTargets: true;
  forward(prediction: tf.Tensor, target: tf.Tensor | [tf.Tensor, tf.Tensor], call?: LossCall): tf.Tensor;
}

export const reductionOption = z
  .enum(['none', 'mean', 'sum'])
  .default('mean')
  .describe('Reduction of the element-wise loss');

export const lossWeightOption = z.number().default(1).describe('Factor on the reduced loss');

declare module '../../catalogue/registry' {
  interface Built {
    loss: Loss;
  }
}
