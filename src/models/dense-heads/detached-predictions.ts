// What an assigner reads of a head's predictions: detached from the gradient, in plain arrays, image by image.

import type * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../../ops';
import type { PredictionPart, Predictions } from '../task-modules';

/** Parts that a head can compute, each [N, T, columns]. */
export type ComputedParts = Partial<Record<PredictionPart, () => tf.Tensor>>;

/** Computes `parts` alone: N images of T predictions and C classes. */
export function detachedPredictions(
  parts: readonly PredictionPart[],
  [images, count, classes]: [images: number, count: number, classes: number],
  compute: ComputedParts,
): Predictions[] {
  const found = Array.from({ length: images }, (): Predictions => ({ count, classes }));
  for (const part of parts) {
    const tensor = compute[part]?.();
    if (!tensor) continue;
    const values = stopGradient(tensor).dataSync<'float32'>();
    const size = values.length / images;
    for (const [i, predictions] of found.entries()) predictions[part] = values.subarray(i * size, (i + 1) * size);
  }
  return found;
}
