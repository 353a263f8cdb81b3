// One thread's part of the images: it takes the next image until none is left, so that the threads end together.

import { ImageMatcher, type ImageMatchOptions } from '../image-matching';
import { MaskOverlaps } from '../mask-overlaps';
import { type MatchedImages, storeMatch } from './matched-images';
import { imageAt, type PackedImages } from './packed-images';

/** Copied to each thread, with its columns in memory that all share. */
export interface MatchJob {
  packed: PackedImages;
  matched: MatchedImages;
  options: Omit<ImageMatchOptions, 'overlaps'>;
  ranges: number;
  /** [NEXT, STOP] */
  control: Int32Array;
}

/** The next image that no thread has taken. */
const NEXT = 0;
/** 1: an image cannot be matched, the rest is in vain. */
const STOP = 1;

export function matchClaimed({ packed, matched, options, ranges, control }: MatchJob): void {
  const matcher = new ImageMatcher({ ...options, overlaps: new MaskOverlaps() });
  for (;;) {
    if (Atomics.load(control, STOP) !== 0) return;
    const i = Atomics.add(control, NEXT, 1);
    if (i >= packed.count) return;
    if (packed.apart[i] === 1) continue;
    const { truths, detections } = imageAt(packed, i);
    try {
      storeMatch(matched, packed, i, matcher.match(truths, detections), ranges);
    } catch {
      // the image stays unmatched: the thread that has the images finds the same error, and throws it
      Atomics.store(control, STOP, 1);
      return;
    }
  }
}
