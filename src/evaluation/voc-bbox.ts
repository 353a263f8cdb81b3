// Pascal VOC's box evaluation as MMDetection's `eval_map`: a detection belongs to the truth it overlaps most; a second
// one on the same truth is wrong, one on a difficult truth does not count. (golden: voc_map.json)

import { DetLabError } from '../errors';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';

export interface VocBboxOptions {
  classes: readonly string[];
  /** Default [0.5]. */
  iouThresholds?: readonly number[];
  /** VOC2007 takes the mean of 11 precisions, VOC2012 the area under the curve. Default '11points'. */
  mode?: '11points' | 'area';
  /** Widths count both border pixels (x2 - x1 + 1), as the official kit's do. Default true. */
  legacyCoordinates?: boolean;
}

type Verdict = 'true' | 'false' | 'neither';
interface Judged {
  score: number;
  order: number;
  /** One per IoU threshold. */
  verdicts: Verdict[];
}

/** The metric, fed image by image. Only images that were added are evaluated. */
export class VocBboxMetric implements BoxMetric {
  private readonly truths = new Map<number, ImageTruths>();
  private readonly added = new Set<number>();
  private readonly judged: Judged[][];
  private readonly positives: number[];
  private readonly thresholds: readonly number[];
  private readonly extra: 0 | 1;
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: VocBboxOptions,
  ) {
    for (const image of truths) this.truths.set(image.imageId, image);
    this.judged = options.classes.map(() => []);
    this.positives = options.classes.map(() => 0);
    this.thresholds = options.iouThresholds ?? [0.5];
    this.extra = (options.legacyCoordinates ?? true) ? 1 : 0;
  }

  /** @throws DetLabError for an image without truths on record, or one added twice. */
  add(imageId: number, { bboxes, scores, labels }: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: it is not among the truths`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId} a second time`);
    this.added.add(imageId);
    this.detections += scores.length;
    for (let c = 0; c < this.options.classes.length; c++) {
      const wanted = indices(truths.labels, c);
      this.positives[c] += wanted.filter((g) => !truths.ignored[g]).length;
      const best = indices(labels, c).sort((a, b) => scores[b] - scores[a] || a - b);
      const covered = this.thresholds.map(() => new Set<number>());
      for (const d of best) {
        let [overlap, nearest] = [-1, -1];
        for (const g of wanted) {
          const iou = this.overlap(bboxes, d, truths.boxes, g);
          if (iou > overlap) [overlap, nearest] = [iou, g];
        }
        const verdicts = this.thresholds.map((threshold, t): Verdict => {
          if (nearest < 0 || overlap < threshold) return 'false';
          if (truths.ignored[nearest]) return 'neither';
          if (covered[t].has(nearest)) return 'false';
          covered[t].add(nearest);
          return 'true';
        });
        this.judged[c].push({ score: scores[d], order: this.judged[c].length, verdicts });
      }
    }
  }

  /** Metrics: `mAP` and one `AP50`-like number per threshold; classes without truths do not enter the mean. */
  compute(): EvaluationReport {
    const perClass = this.options.classes.map((name, c): ClassReport => {
      const sorted = [...this.judged[c]].sort((a, b) => b.score - a.score || a.order - b.order);
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

  private averagePrecision(sorted: Judged[], t: number, positives: number): number {
    const recalls: number[] = [];
    const precisions: number[] = [];
    let [right, wrong] = [0, 0];
    for (const { verdicts } of sorted) {
      if (verdicts[t] === 'true') right++;
      else if (verdicts[t] === 'false') wrong++;
      recalls.push(right / Math.max(positives, Number.EPSILON));
      precisions.push(right / Math.max(right + wrong, Number.EPSILON));
    }
    for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
    let sum = 0;
    if (this.options.mode === 'area') {
      for (let i = 0, before = 0; i < recalls.length; before = recalls[i++])
        sum += (recalls[i] - before) * precisions[i];
      return sum;
    }
    for (let k = 0; k <= 10; k++) {
      // MMDetection holds recalls in float32 and the eleven points in float64 (0.1 * 3 > 0.3): compared alike here.
      const at = recalls.findIndex((recall) => Math.fround(recall) >= k * 0.1);
      if (at >= 0) sum += precisions[at];
    }
    return sum / 11;
  }

  private overlap(found: ArrayLike<number>, d: number, truths: Float64Array, g: number): number {
    const { extra } = this;
    const [x, y, w, h] = truths.subarray(4 * g, 4 * g + 4);
    const [x1, y1, x2, y2] = [found[4 * d], found[4 * d + 1], found[4 * d + 2], found[4 * d + 3]];
    const sharedW = Math.min(x2, x + w) - Math.max(x1, x) + extra;
    const sharedH = Math.min(y2, y + h) - Math.max(y1, y) + extra;
    const shared = Math.max(sharedW, 0) * Math.max(sharedH, 0);
    const union = (x2 - x1 + extra) * (y2 - y1 + extra) + (w + extra) * (h + extra) - shared;
    return shared / Math.max(union, 1e-6);
  }
}

function indices(labels: ArrayLike<number>, label: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) out.push(i);
  return out;
}
