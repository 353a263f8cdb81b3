// COCO's matching of detections to ground truth within one image and class (pycocotools' evaluateImg). All IoU thresholds are
// matched at once: what a detection does over them is one bit mask, as is at which of them an object is taken.

import type { ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';

/** Size ranges in square pixels: all, small, medium, large. */
export const AREA_RANGES: readonly (readonly [number, number])[] = [
  [0, 1e10],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e10],
];

/** Bit of an object that may match several detections. */
const CROWD = 1 << 31;

export interface MatchRule {
  /** Ascending, at most 32. */
  thresholds: readonly number[];
  ranges?: typeof AREA_RANGES;
  /** Whether ignored objects may match several detections, as COCO's crowds. Default true. */
  crowds?: boolean;
}

/** What detections do: bit t is set if one is so at threshold t. */
export interface MatchBits {
  /** [detections, ranges] */
  matched: Uint32Array;
  /** [detections, ranges] */
  ignored: Uint32Array;
  /** [detections]: the object matched at the first threshold in the first range, or -1. */
  truthOf: Int32Array;
}

/** Greedy matching in descending order of scores, each to the free object of highest IoU; ignored ones come last. */
export class ClassMatcher {
  /** Objects of the class that are not ignored, per range. */
  readonly positives: Int32Array;
  private readonly limits: Float64Array;
  private readonly crowdBit: number;
  private readonly allBits: number;
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;
  private truths: Int32Array = new Int32Array(0);
  /** Of each object, bit r is set if it is ignored in range r; CROWD. */
  private outside = new Int32Array(0);
  /** [ranges, truths]: bit t is set if the object is taken at threshold t. A crowd or difficult one never is. */
  private taken = new Int32Array(0);
  // the objects that a detection reaches, in descending order of IoU; of equal ones, the last first
  private near = new Int32Array(0);
  private overlaps = new Float64Array(0);
  private reached = new Int32Array(0);

  constructor({ thresholds, ranges = AREA_RANGES, crowds = true }: MatchRule) {
    this.crowdBit = crowds ? CROWD : 0;
    this.limits = Float64Array.from(thresholds, (threshold) => Math.min(threshold, 1 - 1e-10));
    this.allBits = thresholds.length === 32 ? -1 : 2 ** thresholds.length - 1;
    this.lows = Float64Array.from(ranges, ([low]) => low);
    this.highs = Float64Array.from(ranges, ([, high]) => high);
    this.positives = new Int32Array(ranges.length);
  }

  /** Begins an image and class. @param objects indices of its ground truth, ascending */
  begin(objects: Int32Array, { areas, ignored, crowds }: ImageTruths): void {
    const { positives, lows, highs } = this;
    const { length } = objects;
    if (length > this.outside.length) this.grow(2 * length);
    this.truths = objects;
    positives.fill(0);
    for (let k = 0; k < length; k++) {
      const area = areas[objects[k]];
      const isIgnored = ignored[objects[k]] === 1;
      let outside = isIgnored && crowds?.[objects[k]] !== 0 ? this.crowdBit : 0;
      for (let r = 0; r < lows.length; r++) {
        if (isIgnored || area < lows[r] || area > highs[r]) outside |= 1 << r;
        else positives[r]++;
        this.taken[r * length + k] = 0;
      }
      this.outside[k] = outside;
    }
  }

  private grow(truths: number): void {
    this.outside = new Int32Array(truths);
    this.taken = new Int32Array(truths * this.lows.length);
    this.near = new Int32Array(truths);
    this.overlaps = new Float64Array(truths);
    this.reached = new Int32Array(truths);
  }

  /** Matches the next detection of the class; what it does becomes row `row` of `out`. */
  match(detection: number, source: ImageOverlaps, out: MatchBits, row: number): void {
    const { truths, lows, highs, allBits } = this;
    let near = 0;
    for (let k = 0; k < truths.length; k++) {
      const overlap = source.overlap(detection, truths[k]);
      if (overlap >= this.limits[0]) this.insert(near++, k, overlap);
    }
    const area = source.area(detection); // after the overlaps: a mask that has none is not prepared for them
    out.truthOf[row] = -1;
    for (let r = 0; r < lows.length; r++) {
      let matched = 0;
      let ignored = 0;
      if (near > 0) {
        matched = this.take(near, r, 0, allBits);
        if (r === 0 && (matched & 1) !== 0) out.truthOf[row] = this.taker;
        // ignored objects only where there is no other
        ignored = this.take(near, r, 1, allBits & ~matched);
        if (r === 0 && (ignored & 1) !== 0) out.truthOf[row] = this.taker;
        matched |= ignored;
      }
      if (area < lows[r] || area > highs[r]) ignored |= allBits & ~matched;
      out.matched[row * lows.length + r] = matched;
      out.ignored[row * lows.length + r] = ignored;
    }
  }

  /** The object taken at the first threshold by the last `take` that took one there. */
  private taker = -1;

  /** Takes the nearest free objects at the thresholds `bits`, those that are ignored in range r or the others. */
  private take(near: number, r: number, ignored: 0 | 1, bits: number): number {
    const { truths, outside, taken, reached } = this;
    let hits = 0;
    for (let i = 0; i < near; i++) {
      const k = this.near[i];
      if (((outside[k] >>> r) & 1) !== ignored) continue;
      const at = r * truths.length + k;
      const hit = reached[i] & bits & ~taken[at];
      if (hit === 0) continue;
      if ((outside[k] & CROWD) === 0) taken[at] |= hit;
      if ((hit & 1) !== 0) this.taker = truths[k];
      bits &= ~hit;
      hits |= hit;
    }
    return hits;
  }

  private insert(count: number, truth: number, overlap: number): void {
    const { near, overlaps, reached, limits } = this;
    let bits = 1;
    for (let t = 1; t < limits.length && overlap >= limits[t]; t++) bits |= 1 << t;
    let i = count;
    for (; i > 0 && overlaps[i - 1] <= overlap; i--) {
      near[i] = near[i - 1];
      overlaps[i] = overlaps[i - 1];
      reached[i] = reached[i - 1];
    }
    near[i] = truth;
    overlaps[i] = overlap;
    reached[i] = bits;
  }
}
