// The masks that a cost over masks compares.

import { DetLabError } from '../../../errors';
import type { Instances, Predictions } from '../types';

/** @throws DetLabError when either side has none, or their sizes differ. */
export function masksOf(
  type: string,
  predictions: Predictions,
  truths: Instances,
): { predicted: Float32Array; target: Float32Array; pixels: number } {
  const { masks: predicted, count } = predictions;
  const target = truths.maskSamples;
  if (!predicted || !target)
    throw new DetLabError(
      `Cannot compute ${type}: expected masks of predictions and ground truth, received ${predicted ? 'no ground-truth masks' : 'no predicted masks'}. ` +
        'It is for heads that predict masks',
    );
  const pixels = count > 0 ? predicted.length / count : 0;
  if (target.length !== pixels * truths.labels.length)
    throw new DetLabError(
      `Cannot compute ${type}: expected as many pixels in ground-truth as in predicted masks (${pixels}), received ${target.length / Math.max(1, truths.labels.length)}`,
    );
  return { predicted, target, pixels };
}
