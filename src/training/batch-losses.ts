// The losses of a batch without their gradients, for a validation loss: what training computes of the same batch and random
// numbers, with norms and dropout in the mode that the model is in.

import * as tf from '@tensorflow/tfjs';
import { engine, type Precision } from '../engine';
import type { DetBatch, Detector, LossContext } from '../models/types';
import { withStepRandom } from '../nn/step-random';
import { parseLosses } from './gradients';
import { SavedBuffers } from './saved-buffers';

/** `loss` (the sum) and then every part, in the model's order. Nothing of the model is changed. */
export function batchLosses(
  detector: Detector,
  batch: DetBatch,
  context: LossContext,
  precision: Precision = 'float32',
): Record<string, number> {
  const forward = () => {
    const { total, names, values } = parseLosses(withStepRandom(context.random, () => detector.loss(batch, context)));
    const numbers = tf.stack([total, ...values].map((v) => v.asScalar())).dataSync();
    return Object.fromEntries(['loss', ...names].map((name, i) => [name, numbers[i]]));
  };
  return keepingBuffers(detector, () => {
    let losses: Record<string, number> = {};
    tf.tidy(() => {
      losses = precision === 'float32' ? forward() : engine().autocast(precision, forward);
    });
    return losses;
  });
}

/** Some losses count what they see in a buffer (GHM, Seesaw): training must not go on with counts of validation images. */
function keepingBuffers<T>(detector: Detector, f: () => T): T {
  const buffers = new SavedBuffers(detector);
  try {
    return f();
  } finally {
    buffers.restore();
    buffers.dispose();
  }
}
