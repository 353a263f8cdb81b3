// Pascal VOC's box evaluation as MMDetection's `eval_map`: a detection is compared with the ground-truth box of highest IoU;
// duplicates are false positives, detections of difficult objects are ignored. (golden: voc_map.json)

import { DetLabError } from '../errors';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';

export interface VocBboxOptions {
  classes: readonly string[];
  /** Default [0.5]. */
  iouThresholds?: readonly number[];
  /** Mean precision at 11 recalls (VOC2007), or area under the curve (VOC2012). Default '11points'. */
  mode?: '11points' | 'area';
  /** Widths include both border pixels (x2 - x1 + 1), as in the official kit. Default true. */
  legacyCoordinates?: boolean;
}

type Outcome = 'true positive' | 'false positive' | 'ignored';
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
  private readonly extra: 0 | 1;
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: VocBboxOptions,
  ) {
    for (const image of truths) this.truths.set(image.imageId, image);
    this.outcomesByClass = options.classes.map(() => []);
    this.positives = options.classes.map(() => 0);
    this.thresholds = options.iouThresholds ?? [0.5];
    this.extra = (options.legacyCoordinates ?? true) ? 1 : 0;
  }

  /** @throws DetLabError for an image that is not in the ground truth, or was added before. */
  add(imageId: number, { bboxes, scores, labels }: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId}: it was added before`);
    this.added.add(imageId);
    this.detections += scores.length;
    for (let c = 0; c < this.options.classes.length; c++) {
      const truthIndices = indices(truths.labels, c);
      this.positives[c] += truthIndices.filter((g) => !truths.ignored[g]).length;
      // a score that is NaN has no place in the order
      const ranked = indices(labels, c).filter((i) => !Number.isNaN(scores[i]));
      const best = ranked.sort((a, b) => scores[b] - scores[a] || a - b);
      const matched = this.thresholds.map(() => new Set<number>());
      for (const d of best) {
        let [maxIoU, argmax] = [-1, -1];
        for (const g of truthIndices) {
          const iou = this.iou(bboxes, d, truths.boxes, g);
          if (iou > maxIoU) [maxIoU, argmax] = [iou, g];
        }
        const outcomes = this.thresholds.map((threshold, t): Outcome => {
          if (argmax < 0 || maxIoU < threshold) return 'false positive';
          if (truths.ignored[argmax]) return 'ignored';
          if (matched[t].has(argmax)) return 'false positive';
          matched[t].add(argmax);
          return 'true positive';
        });
        this.outcomesByClass[c].push({ score: scores[d], order: this.outcomesByClass[c].length, outcomes });
      }
    }
  }

  /** `mAP`, and `AP50` etc. per threshold; classes without ground truth are excluded from the means. */
  compute(): EvaluationReport {
    const perClass = this.options.classes.map((name, c): ClassReport => {
      const sorted = [...this.outcomesByClass[c]].sort((a, b) => b.score - a.score || a.order - b.order);
      const values = this.thresholds.map((_, t) => this.averagePrecision(sorted, t, this.positives[c]));
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

  private averagePrecision(sorted: ScoredOutcome[], t: number, positives: number): number {
    const recalls: number[] = [];
    const precisions: number[] = [];
    let [truePositives, falsePositives] = [0, 0];
    for (const { outcomes } of sorted) {
      if (outcomes[t] === 'true positive') truePositives++;
      else if (outcomes[t] === 'false positive') falsePositives++;
      recalls.push(truePositives / Math.max(positives, Number.EPSILON));
      precisions.push(truePositives / Math.max(truePositives + falsePositives, Number.EPSILON));
    }
    for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
    let sum = 0;
    if (this.options.mode === 'area') {
      for (let i = 0, before = 0; i < recalls.length; before = recalls[i++])
        sum += (recalls[i] - before) * precisions[i];
      return sum;
    }
    for (let k = 0; k <= 10; k++) {
      // as in MMDetection, recalls are float32 and the eleven points float64 (0.1 * 3 > 0.3)
      const first = recalls.findIndex((recall) => Math.fround(recall) >= k * 0.1);
      if (first >= 0) sum += precisions[first];
    }
    return sum / 11;
  }

  private iou(detections: ArrayLike<number>, d: number, truths: Float64Array, g: number): number {
    const { extra } = this;
    const [x, y, w, h] = truths.subarray(4 * g, 4 * g + 4);
    const x1 = detections[4 * d];
    const y1 = detections[4 * d + 1];
    const x2 = detections[4 * d + 2];
    const y2 = detections[4 * d + 3];
    const overlapW = Math.min(x2, x + w) - Math.max(x1, x) + extra;
    const overlapH = Math.min(y2, y + h) - Math.max(y1, y) + extra;
    const overlap = Math.max(overlapW, 0) * Math.max(overlapH, 0);
    const union = (x2 - x1 + extra) * (y2 - y1 + extra) + (w + extra) * (h + extra) - overlap;
    return overlap / Math.max(union, 1e-6);
  }
}

function indices(labels: ArrayLike<number>, label: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) out.push(i);
  return out;
}
