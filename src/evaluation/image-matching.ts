// COCO's matching of one image, class by class: the best detections of each class with its ground truth. The one way in which
// detections are matched, for AP as for errors, matrices and galleries.

import { AREA_RANGES, ClassMatcher, type MatchBits } from './coco-matching';
import type { ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';
import { sortByScore } from './score-order';

export interface ImageMatchOptions {
  /** Number of classes; others are left out. */
  classes: number;
  /** Match regardless of class, as class 0. */
  classAgnostic?: boolean;
  /** Detections of each class that are matched, from the highest score. */
  maxDets: number;
  /** Ascending, at most 32. */
  thresholds: readonly number[];
  ranges?: typeof AREA_RANGES;
  /** Whether ignored objects may match several detections, as COCO's crowds. Default true. */
  crowds?: boolean;
  overlaps: ImageOverlaps;
}

/** The matches of an image, class by class and in each in descending order of scores; overwritten by those of the next. */
export interface ImageMatch extends MatchBits {
  /** Number of detections that are matched; the columns are longer. */
  count: number;
  /** Indices of the detections. */
  detections: Int32Array;
  labels: Int32Array;
  /** Position of each detection in its class, from the highest score. */
  ranks: Int32Array;
  /** The indices in descending order of scores over all classes; ties by index. */
  ranked: Int32Array;
  /** Number of classes with detections or ground truth. */
  classCount: number;
  /** These classes, ascending. */
  classes: Int32Array;
  /** [classes, ranges]: objects that are not ignored. */
  positives: Int32Array;
}

/** What an evaluation keeps of it. */
export type MatchedImage = Omit<ImageMatch, 'truthOf' | 'ranked'>;

/** Of each class, numbers of an image's detections and objects, then the ends of their rows; 0 between images. */
let detectionEnds = new Int32Array(0);
let truthEnds = new Int32Array(0);

export class ImageMatcher {
  private readonly matcher: ClassMatcher;
  private readonly ranges: number;
  private out: ImageMatch;
  private scores = new Float64Array(0);
  /** Indices of the ground truth, by class. */
  private objects = new Int32Array(0);

  constructor(readonly options: ImageMatchOptions) {
    this.matcher = new ClassMatcher(options);
    this.ranges = (options.ranges ?? AREA_RANGES).length;
    this.out = emptyMatch(0, 0, this.ranges);
    if (detectionEnds.length >= options.classes) return;
    detectionEnds = new Int32Array(options.classes);
    truthEnds = new Int32Array(options.classes);
  }

  match(truths: ImageTruths, detections: BoxDetections): ImageMatch {
    this.grow(detections.scores.length, truths.labels.length);
    this.options.overlaps.load(detections, truths);
    try {
      this.rank(detections);
      this.group(truths.labels, detections.labels);
      return this.matchClasses(truths);
    } catch (error) {
      // a mask that cannot be read, in the middle of an image
      detectionEnds.fill(0);
      truthEnds.fill(0);
      throw error;
    }
  }

  private matchClasses(truths: ImageTruths): ImageMatch {
    const { matcher, out, ranges } = this;
    const { overlaps } = this.options;
    let [row, firstTruth] = [0, 0];
    for (let c = 0; c < out.classCount; c++) {
      const label = out.classes[c];
      matcher.begin(this.objects.subarray(firstTruth, truthEnds[label]), truths);
      for (let r = 0; r < ranges; r++) out.positives[c * ranges + r] = matcher.positives[r];
      for (let rank = 0; row < detectionEnds[label]; row++) {
        out.labels[row] = label;
        out.ranks[row] = rank++;
        matcher.match(out.detections[row], overlaps, out, row);
      }
      firstTruth = truthEnds[label];
      detectionEnds[label] = 0;
      truthEnds[label] = 0;
    }
    return out;
  }

  private grow(detections: number, truths: number): void {
    if (detections <= this.scores.length && truths <= this.objects.length) return;
    this.scores = new Float64Array(2 * detections);
    this.objects = new Int32Array(2 * truths);
    this.out = emptyMatch(2 * detections, 2 * truths, this.ranges);
  }

  /** Orders the detections by score, counts those of each class. A score that is NaN has no place in the order. */
  private rank({ scores, labels }: BoxDetections): void {
    const { classes, classAgnostic, maxDets } = this.options;
    const { out } = this;
    const { ranked } = out;
    let count = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i];
      if (Number.isNaN(score) || !(classAgnostic || (labels[i] >= 0 && labels[i] < classes))) continue;
      this.scores[i] = score;
      ranked[count++] = i;
    }
    // regardless of class, equal scores are in the order of classes, as in pycocotools
    if (classAgnostic) ranked.subarray(0, count).sort((a, b) => labels[a] - labels[b] || a - b);
    sortByScore(ranked, count, this.scores);
    [out.count, out.classCount] = [0, 0];
    for (let k = 0; k < count; k++) {
      const label = classAgnostic ? 0 : labels[ranked[k]];
      if (detectionEnds[label] === maxDets) continue;
      if (detectionEnds[label]++ === 0) out.classes[out.classCount++] = label;
      ranked[out.count++] = ranked[k];
    }
  }

  /** Orders ranked detections and ground truth by class. */
  private group(truthLabels: Int32Array, labels: ArrayLike<number>): void {
    const { classes, classAgnostic } = this.options;
    const { out } = this;
    for (let g = 0; g < truthLabels.length; g++) {
      const label = classAgnostic ? 0 : truthLabels[g];
      if (!(label >= 0 && label < classes)) continue;
      if (truthEnds[label]++ === 0 && detectionEnds[label] === 0) out.classes[out.classCount++] = label;
    }
    out.classes.subarray(0, out.classCount).sort();
    let [detections, truths] = [0, 0];
    for (let c = 0; c < out.classCount; c++) {
      const label = out.classes[c];
      // from here on, where the next one is placed
      [detectionEnds[label], detections] = [detections, detections + detectionEnds[label]];
      [truthEnds[label], truths] = [truths, truths + truthEnds[label]];
    }
    for (let k = 0; k < out.count; k++) {
      const detection = out.ranked[k];
      out.detections[detectionEnds[classAgnostic ? 0 : labels[detection]]++] = detection;
    }
    for (let g = 0; g < truthLabels.length; g++) {
      const label = classAgnostic ? 0 : truthLabels[g];
      if (label >= 0 && label < classes) this.objects[truthEnds[label]++] = g;
    }
    if (classAgnostic)
      this.objects.subarray(0, truthLabels.length).sort((a, b) => truthLabels[a] - truthLabels[b] || a - b);
  }
}

function emptyMatch(detections: number, truths: number, ranges: number): ImageMatch {
  const classes = detections + truths;
  return {
    count: 0,
    classCount: 0,
    detections: new Int32Array(detections),
    labels: new Int32Array(detections),
    ranks: new Int32Array(detections),
    ranked: new Int32Array(detections),
    matched: new Uint32Array(detections * ranges),
    ignored: new Uint32Array(detections * ranges),
    truthOf: new Int32Array(detections),
    classes: new Int32Array(classes),
    positives: new Int32Array(classes * ranges),
  };
}
