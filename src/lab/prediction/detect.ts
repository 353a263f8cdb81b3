// The detections of a batch, and of one image.

import * as tf from '@tensorflow/tfjs';
import type { Detections, PackedSample, PixelImage } from '../../data';
import { engine, type Precision } from '../../engine';
import type { Detector } from '../../models/types';

/** Detects the objects in an image; the boxes are in its pixels. */
export type ImageDetector = (pixels: PixelImage, source: string) => Promise<Detections>;

/** Detections of a batch, in the original images' pixels. */
export function detect(detector: Detector, samples: PackedSample[], precision: Precision = 'float32'): Detections[] {
  const batch = detector.preprocess(samples);
  try {
    let detections: Detections[] = [];
    const predict = () =>
      tf.tidy(() => {
        detections = detector.predict(batch);
      });
    if (precision === 'float32') predict();
    else engine().autocast(precision, predict);
    return detections;
  } finally {
    batch.inputs.dispose();
  }
}
