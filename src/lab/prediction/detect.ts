// The detections of a batch, and of one image.

import type { Detections, PackedSample, PixelImage } from '../../data';
import { engine, type Precision } from '../../engine';
import { detectBatch } from '../../models/detect-batch';
import type { Detector } from '../../models/types';

/** Detects the objects in an image; the boxes are in its pixels. */
export type ImageDetector = (pixels: PixelImage, source: string) => Promise<Detections>;

/** Detections of a batch, in the original images' pixels. */
export function detect(detector: Detector, samples: PackedSample[], precision: Precision = 'float32'): Detections[] {
  if (precision === 'float32') return detectBatch(detector, samples);
  return detectBatch(detector, samples, (predict) => engine().autocast(precision, predict));
}
