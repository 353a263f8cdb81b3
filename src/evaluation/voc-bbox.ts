// Pascal VOC's box evaluation as MMDetection's `eval_map`: a detection is compared with the ground-truth box of highest IoU;
// duplicates are false positives, detections of difficult objects are ignored. (golden: voc_map.json)

import { DetLabError } from '../errors';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';
import { type AreaRange, matchVocImage, type Outcome } from './voc-matching';

export interface VocBboxOptions {
  classes: readonly string[];
  /** Default [0.5]. */
  iouThresholds?: readonly number[];
  /** Mean precision at 11 recalls (VOC2007), or area under the curve (VOC2012). Default '11points'. */
  mode?: '11points' | 'area';
  /** Lower and upper ends of side lengths in pixels, such as [32, 96]: AP of boxes with areas between their squares. */
  scaleRanges?: readonly AreaRange[];
  /** Widths include both border pixels (x2 - x1 + 1), as in the official kit. Default true. */
  legacyCoordinates?: boolean;
  /** Compares rotated boxes. Default false. */
  rotated?: boolean;
}

interface ScoredOutcome {
  score: number;
  order: number;
  /** [thresholds, ranges] */
  outcomes: Outcome[];
}

/** The metric, updated image by image. Only images that were added are evaluated. */
export class VocBboxMetric implements BoxMetric {
  private readonly truths = new Map<number, ImageTruths>();
  private readonly added = new Set<number>();
  private readonly outcomesByClass: ScoredOutcome[][];
  /** [classes, ranges] */
  private readonly positives: number[][];
  private readonly thresholds: readonly number[];
  private readonly ranges?: AreaRange[];
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: VocBboxOptions,
  ) {
    for (const image of truths) this.truths.set(image.imageId, image);
    this.thresholds = options.iouThresholds ?? [0.5];
    this.ranges = options.scaleRanges?.map(([low, high]) => [low ** 2, high ** 2]);
    this.outcomesByClass = options.classes.map(() => []);
    this.positives = options.classes.map(() => (this.ranges ?? [0]).map(() => 0));
  }

  /** @throws DetLabError for an image that is not in the ground truth, or was added before. */
  add(imageId: number, detections: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId}: it was added before`);
    this.added.add(imageId);
    this.detections += detections.scores.length;
    const { legacyCoordinates = true, classes, rotated } = this.options;
    const { thresholds, ranges } = this;
    const options = { classes: classes.length, thresholds, ranges, legacyCoordinates, rotated };
    for (const match of matchVocImage(truths, detections, options)) {
      for (const [r, count] of match.positives.entries()) this.positives[match.label][r] += count;
      const column = this.outcomesByClass[match.label];
      for (const [k, d] of match.detections.entries())
        column.push({ score: detections.scores[d], order: column.length, outcomes: match.outcomes[k] });
    }
  }

  /**
   * `mAP`, and `AP50` etc. per threshold, with scale ranges `AP50_32-96` etc. per threshold and range; classes without ground
   * truth (of that size) are excluded from the means.
   */
  compute(): EvaluationReport {
    const aps = this.options.classes.map((_, c) => this.averagePrecisions(c));
    const names = this.names();
    const isPresent = (c: number, k: number) => this.positives[c][k % this.positives[c].length] > 0;
    const means = names.map((_, k) => {
      const values = aps.filter((_, c) => isPresent(c, k)).map((ofClass) => ofClass[k]);
      return values.length === 0 ? 0 : mean(values);
    });
    const named = (values: readonly number[]): MetricValues => ({
      mAP: mean(values),
      ...Object.fromEntries(names.map((name, k) => [name, values[k]])),
    });
    const counts = this.positives.map((ofClass) => Math.max(...ofClass));
    return {
      metric: 'VOCMetric',
      metrics: named(means),
      perClass: this.options.classes.map(
        (name, c): ClassReport => ({ class: name, truths: counts[c], metrics: named(aps[c]) }),
      ),
      images: this.added.size,
      truths: counts.reduce((sum, n) => sum + n, 0),
      detections: this.detections,
      problems: [],
    };
  }

  /** [thresholds, ranges] */
  private averagePrecisions(label: number): number[] {
    const sorted = [...this.outcomesByClass[label]].sort((a, b) => b.score - a.score || a.order - b.order);
    const ranges = this.positives[label].length;
    return Array.from({ length: this.thresholds.length * ranges }, (_, k) => {
      const counted = sorted.map(({ outcomes }) => outcomes[k]).filter((outcome) => outcome !== 'ignored');
      const isTrue = counted.map((outcome) => (outcome === 'true positive' ? 1 : 0));
      return vocAveragePrecision(isTrue, this.positives[label][k % ranges], this.options.mode);
    });
  }

  private names(): string[] {
    return this.thresholds.flatMap((threshold) => {
      const name = `AP${String(Math.trunc(threshold * 100)).padStart(2, '0')}`;
      return this.options.scaleRanges?.map(([low, high]) => `${name}_${low}-${high}`) ?? [name];
    });
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/**
 * Average precision of one class.
 * @param isTrue of each detection that is not ignored, in descending order of scores: 1 for true positives
 */
export function vocAveragePrecision(
  isTrue: ArrayLike<number>,
  positives: number,
  mode: VocBboxOptions['mode'] = '11points',
): number {
  const recalls: number[] = [];
  const precisions: number[] = [];
  let truePositives = 0;
  for (let k = 0; k < isTrue.length; k++) {
    truePositives += isTrue[k];
    recalls.push(truePositives / Math.max(positives, Number.EPSILON));
    precisions.push(truePositives / (k + 1));
  }
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
  let sum = 0;
  if (mode === 'area') {
    for (let i = 0, before = 0; i < recalls.length; before = recalls[i++]) sum += (recalls[i] - before) * precisions[i];
    return sum;
  }
  for (let k = 0; k <= 10; k++) {
    // the points are NumPy's: 0.1 * 3 > 0.3
    const first = recalls.findIndex((recall) => recall >= k * 0.1);
    if (first >= 0) sum += precisions[first];
  }
  return sum / 11;
}
