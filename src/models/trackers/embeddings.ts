// Vectors by which trackers recognise objects.

import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';

/** The vector of each detection. @throws DetLabError where the detector learns none */
export function embeddingsOf({ embeddings, scores }: Detections, tracker: string): Float32Array[] {
  if (!embeddings)
    throw new DetLabError(
      `Cannot track by appearance: ${tracker} needs vectors of the detections, received none. Use it in a model with a track_head, such as ` +
        "MaskTrackRCNN or QDTrack, or track: { type: 'ByteTracker' }",
    );
  const size = embeddings.length / Math.max(scores.length, 1);
  return Array.from(scores, (_, i) => embeddings.slice(i * size, (i + 1) * size));
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const powers = values.map((v) => Math.exp(v - most));
  const sum = powers.reduce((all, v) => all + v, 0);
  return powers.map((v) => v / sum);
}

/** Index of the largest value, of equal ones the first. */
export const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
