// The masks a cost over masks needs of both sides.

import { DetLabError } from '../../../errors';
import type { Instances, Predictions } from '../types';

/** @throws DetLabError when either side has none, or their sizes differ. */
export function masksOf(
  type: string,
  predictions: Predictions,
  truths: Instances,
): { predicted: Float32Array; wanted: Float32Array; pixels: number } {
  const { masks: predicted, count } = predictions;
  const wanted = truths.maskSamples;
  if (!predicted || !wanted)
    throw new DetLabError(
      `Cannot compute ${type}: expected masks of predictions and truths, received ${predicted ? 'none of the truths' : 'no predicted masks'}. ` +
        'It belongs to heads that predict masks',
    );
  const pixels = count > 0 ? predicted.length / count : 0;
  if (wanted.length !== pixels * truths.labels.length)
    throw new DetLabError(
      `Cannot compute ${type}: predicted masks have ${pixels} pixels, those of the truths ${wanted.length / Math.max(1, truths.labels.length)}`,
    );
  return { predicted, wanted, pixels };
}
