// The detections of a batch of samples, on any engine and in browsers.

import * as tf from '@tensorflow/tfjs';
import type { Detections, PackedSample } from '../data/types';
import type { Detector } from './types';

/**
 * Detections of each sample, in pixels of its original image; its tensors are freed.
 *
 * @param within runs the network: in mixed precision, say
 */
export function detectBatch(
  detector: Detector,
  samples: PackedSample[],
  within: (predict: () => void) => void = (predict) => predict(),
): Detections[] {
  const batch = detector.preprocess(samples);
  try {
    let detections: Detections[] = [];
    within(() =>
      tf.tidy(() => {
        detections = detector.predict(batch);
      }),
    );
    return detections;
  } finally {
    batch.inputs.dispose();
  }
}
