// Pascal VOC's box evaluation as MMDetection's `eval_map`: a detection is compared with the ground-truth box of highest IoU;
// duplicates are false positives, detections of difficult objects are ignored. (golden: voc_map.json)

import { DetLabError } from '../errors';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';
import { matchVocImage, type Outcome } from './voc-matching';

export interface VocBboxOptions {
  classes: readonly string[];
  /** Default [0.5]. */
  iouThresholds?: readonly number[];
  /** Mean precision at 11 recalls (VOC2007), or area under the curve (VOC2012). Default '11points'. */
  mode?: '11points' | 'area';
  /** Widths include both border pixels (x2 - x1 + 1), as in the official kit. Default true. */
  legacyCoordinates?: boolean;
}

interface ScoredOutcome {
  score: number;
  order: number;
  /** One per IoU threshold. */
  outcomes: Outcome[];
}

/** The metric, updated image by image. Only images that were added are evaluated. */
export class VocBboxMetric implements BoxMetric {
  private readonly truths = new Map<number, ImageTruths>();
  private readonly added = new Set<number>();
  private readonly outcomesByClass: ScoredOutcome[][];
  private readonly positives: number[];
  private readonly thresholds: readonly number[];
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: VocBboxOptions,
  ) {
    for (const image of truths) this.truths.set(image.imageId, image);
    this.outcomesByClass = options.classes.map(() => []);
    this.positives = options.classes.map(() => 0);
    this.thresholds = options.iouThresholds ?? [0.5];
  }

  /** @throws DetLabError for an image that is not in the ground truth, or was added before. */
  add(imageId: number, detections: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId}: it was added before`);
    this.added.add(imageId);
    this.detections += detections.scores.length;
    const { legacyCoordinates = true } = this.options;
    const options = { classes: this.options.classes.length, thresholds: this.thresholds, legacyCoordinates };
    for (const match of matchVocImage(truths, detections, options)) {
      this.positives[match.label] += match.positives;
      const column = this.outcomesByClass[match.label];
      for (const [k, d] of match.detections.entries())
        column.push({ score: detections.scores[d], order: column.length, outcomes: match.outcomes[k] });
    }
  }

  /** `mAP`, and `AP50` etc. per threshold; classes without ground truth are excluded from the means. */
  compute(): EvaluationReport {
    const perClass = this.options.classes.map((name, c): ClassReport => {
      const sorted = [...this.outcomesByClass[c]].sort((a, b) => b.score - a.score || a.order - b.order);
      const values = this.thresholds.map((_, t) => {
        const counted = sorted.map(({ outcomes }) => outcomes[t]).filter((outcome) => outcome !== 'ignored');
        const isTrue = counted.map((outcome) => (outcome === 'true positive' ? 1 : 0));
        return vocAveragePrecision(isTrue, this.positives[c], this.options.mode);
      });
      return { class: name, truths: this.positives[c], metrics: this.named(values) };
    });
    const present = perClass.filter(({ truths }) => truths > 0);
    const mean = (name: string) =>
      present.length === 0 ? 0 : present.reduce((sum, { metrics }) => sum + metrics[name], 0) / present.length;
    return {
      metric: 'VOCMetric',
      metrics: Object.fromEntries(Object.keys(this.named(this.thresholds.map(() => 0))).map((k) => [k, mean(k)])),
      perClass,
      images: this.added.size,
      truths: this.positives.reduce((sum, n) => sum + n, 0),
      detections: this.detections,
      problems: [],
    };
  }

  private named(values: number[]): MetricValues {
    const metrics: MetricValues = { mAP: values.reduce((sum, v) => sum + v, 0) / values.length };
    for (const [t, threshold] of this.thresholds.entries()) {
      metrics[`AP${String(Math.trunc(threshold * 100)).padStart(2, '0')}`] = values[t];
    }
    return metrics;
  }
}

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
    // as in MMDetection, recalls are float32 and the eleven points float64 (0.1 * 3 > 0.3)
    const first = recalls.findIndex((recall) => Math.fround(recall) >= k * 0.1);
    if (first >= 0) sum += precisions[first];
  }
  return sum / 11;
}
