// COCO's evaluation: average precision and recall over IoU thresholds, classes and sizes, the numbers of pycocotools'
// COCOeval (golden: coco_eval_*.json). Images are matched as they come; `compute` sorts and sums up. Boxes here;
// CocoSegmMetric compares masks in the same way.

import { DetLabError } from '../errors';
import { AREA_RANGES, boxOverlaps, matchDetections } from './coco-matching';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';

export interface CocoBboxOptions {
  classes: readonly string[];
  /**
   * Detections per image that count, ascending. COCOeval's [1, 10, 100] gives AR@1, AR@10, AR@100; MMDetection's
   * `proposal_nums` is [100, 300, 1000]. AP takes 100 of them (the largest number, when 100 is not among them).
   */
  maxDets?: readonly number[];
  /** Ascending; default 0.50, 0.55 .. 0.95. At most 32. */
  iouThresholds?: readonly number[];
  /** Boxes are compared whatever their class (COCOeval's `useCats = 0`). */
  classAgnostic?: boolean;
}

/** numpy's linspace, to the last bit. */
const linspace = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? to : i * ((to - from) / (count - 1)) + from));

export const COCO_IOU_THRESHOLDS: readonly number[] = linspace(0.5, 0.95, 10);
const RECALLS = linspace(0, 1, 101);
const [ALL, SMALL, MEDIUM, LARGE] = [0, 1, 2, 3];

/** Everything matched so far of one class; one entry per detection, four (one per size range) in the masks. */
interface ClassColumns {
  scores: number[];
  imageIds: number[];
  ranks: number[];
  matched: number[];
  ignored: number[];
  positives: number[];
}

/** Average precision [threshold][range][maxDet] and recall of one class; -1 without truths. */
interface ClassCurves {
  precision: Float64Array;
  recall: Float64Array;
}

/**
 * The metric, fed image by image. Only images that were added are evaluated.
 *
 * @example
 * const metric = new CocoBboxMetric(truthsOfDataset(val), { classes: val.classes });
 * metric.add(record.id, detections);
 * metric.compute().metrics.AP;
 */
export class CocoBboxMetric implements BoxMetric {
  private readonly truths = new Map<number, ImageTruths>();
  private readonly added = new Set<number>();
  private readonly columns: ClassColumns[];
  private readonly classes: readonly string[];
  private readonly thresholds: readonly number[];
  private readonly maxDets: readonly number[];
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: CocoBboxOptions,
  ) {
    for (const image of truths) this.truths.set(image.imageId, image);
    this.classes = options.classAgnostic ? ['object'] : options.classes;
    this.thresholds = options.iouThresholds ?? COCO_IOU_THRESHOLDS;
    this.maxDets = options.maxDets ?? [1, 10, 100];
    const ascending = (list: readonly number[]) => list.every((value, i) => i === 0 || list[i - 1] < value);
    if (this.thresholds.length === 0 || this.thresholds.length > 32 || !ascending(this.thresholds))
      throw new DetLabError(
        `Cannot evaluate: expected 1 to 32 ascending IoU thresholds, received [${this.thresholds}]`,
      );
    if (this.maxDets.length === 0 || !ascending(this.maxDets))
      throw new DetLabError(`Cannot evaluate: expected ascending numbers of detections, received [${this.maxDets}]`);
    this.columns = this.classes.map(() => ({
      scores: [],
      imageIds: [],
      ranks: [],
      matched: [],
      ignored: [],
      positives: AREA_RANGES.map(() => 0),
    }));
  }

  /**
   * Takes the detections of one image (xyxy, in the original image's pixels).
   * @throws DetLabError for an image without truths on record, or one added twice.
   */
  add(imageId: number, found: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: it is not among the truths`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId} a second time`);
    this.added.add(imageId);
    const { scores, labels } = found;
    this.detections += scores.length;

    const agnostic = this.options.classAgnostic === true;
    const members = this.classes.map((): number[] => []);
    for (let i = 0; i < scores.length; i++) members[agnostic ? 0 : labels[i]]?.push(i);
    const wanted = this.classes.map((): number[] => []);
    for (let g = 0; g < truths.labels.length; g++) wanted[agnostic ? 0 : truths.labels[g]]?.push(g);

    for (let c = 0; c < this.classes.length; c++) {
      if (members[c].length === 0 && wanted[c].length === 0) continue;
      const best = members[c].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, this.maxDets.at(-1));
      const ignored = Uint8Array.from(wanted[c], (g) => truths.ignored[g]);
      const outcome = matchDetections({
        ...this.compare(found, best, truths, wanted[c], ignored),
        areas: Float64Array.from(wanted[c], (g) => truths.areas[g]),
        ignored,
        thresholds: this.thresholds,
      });
      const { matched, positives } = outcome;
      const column = this.columns[c];
      for (let r = 0; r < AREA_RANGES.length; r++) column.positives[r] += positives[r];
      for (let k = 0; k < best.length; k++) {
        column.scores.push(scores[best[k]]);
        column.imageIds.push(imageId);
        column.ranks.push(k);
        for (let r = 0; r < AREA_RANGES.length; r++) {
          column.matched.push(matched[r * best.length + k]);
          column.ignored.push(outcome.ignored[r * best.length + k]);
        }
      }
    }
  }

  /** Overlaps of the detections `best` with the truths `wanted` of one image, and the areas of the detections. */
  protected compare(
    { bboxes }: BoxDetections,
    best: number[],
    truths: ImageTruths,
    wanted: number[],
    ignored: Uint8Array,
  ): { overlaps: Float64Array; detectionAreas: Float64Array } {
    const boxes = new Float64Array(best.length * 4);
    for (const [k, i] of best.entries()) {
      boxes[4 * k] = bboxes[4 * i];
      boxes[4 * k + 1] = bboxes[4 * i + 1];
      boxes[4 * k + 2] = bboxes[4 * i + 2] - bboxes[4 * i];
      boxes[4 * k + 3] = bboxes[4 * i + 3] - bboxes[4 * i + 1];
    }
    const others = Float64Array.from(wanted.flatMap((g) => [...truths.boxes.subarray(4 * g, 4 * g + 4)]));
    return {
      overlaps: boxOverlaps(boxes, others, ignored),
      detectionAreas: Float64Array.from(best, (_, k) => boxes[4 * k + 2] * boxes[4 * k + 3]),
    };
  }

  compute(): EvaluationReport {
    const curves = this.columns.map((column) => accumulate(column, this.thresholds.length, this.maxDets));
    const perClass = this.classes.map(
      (name, c): ClassReport => ({
        class: name,
        truths: this.columns[c].positives[ALL],
        metrics: this.summarise([curves[c]]),
      }),
    );
    return {
      metric: 'CocoMetric',
      metrics: this.summarise(curves),
      perClass,
      images: this.added.size,
      truths: perClass.reduce((sum, { truths }) => sum + truths, 0),
      detections: this.detections,
      problems: [],
    };
  }

  /** COCOeval's summary over some classes: twelve numbers, by name. */
  private summarise(curves: ClassCurves[]): MetricValues {
    const { thresholds, maxDets } = this;
    const last = maxDets.length - 1;
    const at100 = maxDets.includes(100) ? maxDets.indexOf(100) : last;
    const every = thresholds.map((_, t) => t);
    const mean = (of: 'precision' | 'recall', ts: number[], range: number, maxDet: number): number => {
      let [sum, count] = [0, 0];
      for (const curve of curves)
        for (const t of ts) {
          const value = curve[of][(t * AREA_RANGES.length + range) * maxDets.length + maxDet];
          if (value > -1) [sum, count] = [sum + value, count + 1];
        }
      return count === 0 ? -1 : sum / count;
    };
    const only = (iou: number) => every.filter((t) => Math.abs(thresholds[t] - iou) < 1e-9);
    const metrics: MetricValues = {
      AP: mean('precision', every, ALL, at100),
      AP50: mean('precision', only(0.5), ALL, last),
      AP75: mean('precision', only(0.75), ALL, last),
      APs: mean('precision', every, SMALL, last),
      APm: mean('precision', every, MEDIUM, last),
      APl: mean('precision', every, LARGE, last),
    };
    for (const [i, count] of maxDets.entries()) metrics[`AR@${count}`] = mean('recall', every, ALL, i);
    metrics.ARs = mean('recall', every, SMALL, last);
    metrics.ARm = mean('recall', every, MEDIUM, last);
    metrics.ARl = mean('recall', every, LARGE, last);
    return metrics;
  }
}

/**
 * Evaluates all images in one call.
 *
 * @example evaluateBoxes(truthsOfCoco(coco), new Map([[1, detections]]), { classes }).metrics.AP50
 */
export function evaluateBoxes(
  truths: Iterable<ImageTruths>,
  detections: ReadonlyMap<number, BoxDetections>,
  options: CocoBboxOptions,
): EvaluationReport {
  const none: BoxDetections = { bboxes: [], scores: [], labels: [] };
  const list = [...truths];
  const metric = new CocoBboxMetric(list, options);
  for (const { imageId } of list) metric.add(imageId, detections.get(imageId) ?? none);
  return metric.compute();
}

/** Precision averaged over 101 recalls, and the final recall, of one class (pycocotools' accumulate). */
function accumulate(column: ClassColumns, thresholds: number, maxDets: readonly number[]): ClassCurves {
  const { scores, imageIds, ranks, matched, ignored, positives } = column;
  const ranges = AREA_RANGES.length;
  const size = thresholds * ranges * maxDets.length;
  const curves: ClassCurves = { precision: new Float64Array(size).fill(-1), recall: new Float64Array(size).fill(-1) };
  // Best first; equal scores in the order of images, as a stable sort over images gives it.
  const order = Int32Array.from(scores, (_, i) => i).sort(
    (a, b) => scores[b] - scores[a] || imageIds[a] - imageIds[b] || ranks[a] - ranks[b],
  );
  const falseBefore = new Int32Array(order.length); // false positives met before the k-th true positive
  for (let r = 0; r < ranges; r++) {
    const wanted = positives[r];
    if (wanted === 0) continue;
    for (const [m, maxDet] of maxDets.entries())
      for (let t = 0; t < thresholds; t++) {
        const bit = 1 << t;
        let truePositives = 0;
        let falsePositives = 0;
        for (let k = 0; k < order.length; k++) {
          const i = order[k];
          if (ranks[i] >= maxDet || ignored[i * ranges + r] & bit) continue;
          if (matched[i * ranges + r] & bit) falseBefore[truePositives++] = falsePositives;
          else falsePositives++;
        }
        const at = (t * ranges + r) * maxDets.length + m;
        curves.recall[at] = truePositives / wanted;
        curves.precision[at] = averagePrecision(falseBefore, truePositives, wanted);
      }
  }
  return curves;
}

/**
 * Mean over the recalls 0, 0.01 .. 1 of the highest precision reached at that recall or later. Precision peaks at true
 * positives only, so those suffice: the k-th has precision k / (k + false positives before it).
 */
function averagePrecision(falseBefore: Int32Array, truePositives: number, wanted: number): number {
  let sum = 0;
  let best = 0;
  let r = RECALLS.length - 1;
  while (r >= 0 && truePositives / wanted < RECALLS[r]) r--;
  for (let k = truePositives; k > 0; k--) {
    best = Math.max(best, k / (falseBefore[k - 1] + k));
    // Recalls that the k-th true positive reaches and the one before does not.
    while (r >= 0 && (k === 1 || (k - 1) / wanted < RECALLS[r])) {
      sum += best;
      r--;
    }
  }
  return sum / RECALLS.length;
}
