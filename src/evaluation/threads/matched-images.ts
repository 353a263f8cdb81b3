// The matches of many images in columns of shared memory: each thread writes those of the images that it takes.

import type { ImageMatch, MatchedImage } from '../image-matching';
import { type PackedImages, shared } from './packed-images';

export interface MatchedImages {
  /** Of image i, the number of detections that are matched; -1: it is not matched yet. */
  counts: Int32Array;
  classCounts: Int32Array;
  /** From `starts[i]` of the packed images on. */
  detections: Int32Array;
  labels: Int32Array;
  ranks: Int32Array;
  /** [detections, ranges] */
  matched: Uint32Array;
  ignored: Uint32Array;
  /** From `starts[i] + objectStarts[i]` on: no more classes than detections and objects. */
  classes: Int32Array;
  /** [classes, ranges] */
  positives: Int32Array;
}

export function emptyMatches({ count, starts, objectStarts }: PackedImages, ranges: number): MatchedImages {
  const detections = starts[count];
  const classes = detections + objectStarts[count];
  return {
    counts: shared(Int32Array, count).fill(-1),
    classCounts: shared(Int32Array, count),
    detections: shared(Int32Array, detections),
    labels: shared(Int32Array, detections),
    ranks: shared(Int32Array, detections),
    matched: shared(Uint32Array, detections * ranges),
    ignored: shared(Uint32Array, detections * ranges),
    classes: shared(Int32Array, classes),
    positives: shared(Int32Array, classes * ranges),
  };
}

/** Writes the match of image i. */
export function storeMatch(
  out: MatchedImages,
  packed: PackedImages,
  i: number,
  match: ImageMatch,
  ranges: number,
): void {
  const { count, classCount } = match;
  const first = packed.starts[i];
  const firstClass = first + packed.objectStarts[i];
  out.detections.set(match.detections.subarray(0, count), first);
  out.labels.set(match.labels.subarray(0, count), first);
  out.ranks.set(match.ranks.subarray(0, count), first);
  out.matched.set(match.matched.subarray(0, count * ranges), first * ranges);
  out.ignored.set(match.ignored.subarray(0, count * ranges), first * ranges);
  out.classes.set(match.classes.subarray(0, classCount), firstClass);
  out.positives.set(match.positives.subarray(0, classCount * ranges), firstClass * ranges);
  out.classCounts[i] = classCount;
  Atomics.store(out.counts, i, count); // last: the image is matched whole
}

/** The match of image i; undefined: no thread has matched it. */
export function matchAt(out: MatchedImages, packed: PackedImages, i: number, ranges: number): MatchedImage | undefined {
  const count = Atomics.load(out.counts, i);
  if (count < 0) return undefined;
  const first = packed.starts[i];
  const firstClass = first + packed.objectStarts[i];
  return {
    count,
    classCount: out.classCounts[i],
    detections: out.detections.subarray(first),
    labels: out.labels.subarray(first),
    ranks: out.ranks.subarray(first),
    matched: out.matched.subarray(first * ranges),
    ignored: out.ignored.subarray(first * ranges),
    classes: out.classes.subarray(firstClass),
    positives: out.positives.subarray(firstClass * ranges),
  };
}
