// What an assigner reads of a head's predictions: detached from the gradient, in plain arrays, image by image.

import type * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../../ops';
import type { PredictionPart, Predictions } from '../task-modules';
import { imageRows } from './image-rows';

/** Parts that a head can compute, each [N, T, columns]. */
export type ComputedParts = Partial<Record<PredictionPart, () => tf.Tensor>>;

/** Computes `parts` alone: N images of T predictions and C classes. */
export function detachedPredictions(
  parts: readonly PredictionPart[],
  [images, count, classes]: [images: number, count: number, classes: number],
  compute: ComputedParts,
): Predictions[] {
  const all = Array.from({ length: images }, (): Predictions => ({ count, classes }));
  for (const part of parts) {
    const tensor = compute[part]?.();
    if (!tensor) continue;
    const values = stopGradient(tensor).dataSync<'float32'>();
    for (const [i, predictions] of all.entries()) predictions[part] = imageRows(values, i, images);
  }
  return all;
}
