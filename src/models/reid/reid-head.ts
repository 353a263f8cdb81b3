// Kind `reid_head`: from pooled features to an embedding, and what it learns from.

import type * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn';
import type { Losses } from '../types';

export interface ReIDHead extends Module {
  /** Identities of the training data; 1 where it does not classify them. */
  readonly numClasses: number;
  readonly classifies: boolean;
  /** Length of an embedding. */
  readonly channels: number;
  /** The last of the levels, pooled [N, 1, 1, C] -> [N, channels]. */
  forward(features: tf.Tensor4D[]): tf.Tensor2D;
  /** @param identities of each image */
  loss(features: tf.Tensor4D[], identities: readonly number[]): Losses;
}

declare module '../../catalogue/registry' {
  interface Built {
    reid_head: ReIDHead;
  }
}
