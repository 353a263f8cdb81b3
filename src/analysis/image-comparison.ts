// Matched detections of one image in descending order of scores, each compared with the ground truth of all classes.

import type { ImageOverlaps } from '../evaluation/image-overlaps';
import type { ImageMatches } from './image-matches';

/** Of each detection of an image by its index: the object that it is matched to, or -1, and whether it is ignored. */
export interface MatchOfDetection {
  truthOf: Int32Array;
  ignored: Uint8Array;
}

/** Fills the same arrays for every image. */
export class ImageComparison {
  private truthOf = new Int32Array(0);
  private ignored = new Uint8Array(0);
  private areas = new Float64Array(0);
  private overlaps = new Float64Array(0);

  /** @param source has the image loaded */
  compare(detections: Int32Array, truths: number[], of: MatchOfDetection, source: ImageOverlaps): ImageMatches {
    const count = detections.length;
    const pairs = count * truths.length;
    if (count > this.areas.length) {
      this.truthOf = new Int32Array(2 * count);
      this.ignored = new Uint8Array(2 * count);
      this.areas = new Float64Array(2 * count);
    }
    if (pairs > this.overlaps.length) this.overlaps = new Float64Array(2 * pairs);
    const { truthOf, ignored, areas, overlaps } = this;
    for (let k = 0, i = 0; k < count; k++) {
      const d = detections[k];
      truthOf[k] = of.truthOf[d];
      ignored[k] = of.ignored[d];
      areas[k] = source.area(d);
      for (let c = 0; c < truths.length; c++) overlaps[i++] = source.overlap(d, truths[c]);
    }
    return { detections, truthOf, ignored, truths, overlaps, areas };
  }
}
