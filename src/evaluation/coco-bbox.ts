// COCO's evaluation: average precision and recall over IoU thresholds, classes and size ranges, equal to pycocotools'
// COCOeval (golden: coco_eval_*.json). Detections are matched image by image; `compute` sorts and accumulates. For boxes;
// CocoSegmMetric does the same with masks.

import { DetLabError } from '../errors';
import { accumulate, type ClassCurves, type ClassMatches, linspace } from './average-precision';
import { AREA_RANGES } from './coco-matching';
import { type ImageMatch, ImageMatcher, type MatchedImage } from './image-matching';
import { BoxOverlaps, type ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import { MatchedDetections } from './matched-detections';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';

export interface CocoBboxOptions {
  classes: readonly string[];
  /**
   * Maximum detections per image, ascending. COCOeval's [1, 10, 100] gives AR@1, AR@10, AR@100; MMDetection's
   * `proposal_nums` is [100, 300, 1000]. AP uses 100 (the largest number, if 100 is not listed).
   */
  maxDets?: readonly number[];
  /** Ascending; default 0.50, 0.55 .. 0.95. At most 32. */
  iouThresholds?: readonly number[];
  /** Match boxes regardless of their class (COCOeval's `useCats = 0`). */
  classAgnostic?: boolean;
  /** Whether ignored objects may match several detections, as COCO's crowds. Default true. */
  crowds?: boolean;
  /** Areas of all, small, medium and large objects; COCO's by default. */
  ranges?: typeof AREA_RANGES;
}

export const COCO_IOU_THRESHOLDS: readonly number[] = linspace(0.5, 0.95, 10);
type MeanOf = [of: 'precision' | 'recall', thresholds: readonly number[], range: number, maxDet: number];
const [ALL, SMALL, MEDIUM, LARGE] = [0, 1, 2, 3];

/**
 * The metric, updated image by image. Only images that were added are evaluated.
 *
 * @example
 * const metric = new CocoBboxMetric(truthsOfDataset(val), { classes: val.classes });
 * metric.add(record.id, detections);
 * metric.compute().metrics.AP;
 */
export class CocoBboxMetric implements BoxMetric {
  private readonly truths = new Map<number, ImageTruths>();
  private readonly added = new Set<number>();
  private readonly matched: MatchedDetections;
  protected readonly matcher: ImageMatcher;
  /** Per class: objects that are not ignored of each size range, and the images that have some. */
  private readonly objects: Pick<ClassMatches, 'positives' | 'truthImages'>[];
  /** By class, until the next image is added. */
  private ordered?: ClassMatches[];
  private readonly classes: readonly string[];
  private readonly thresholds: readonly number[];
  private readonly maxDets: readonly number[];
  private detections = 0;

  /** @param overlaps what is compared; default: boxes */
  constructor(truths: Iterable<ImageTruths>, options: CocoBboxOptions, overlaps: ImageOverlaps = new BoxOverlaps()) {
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
    this.matched = new MatchedDetections(AREA_RANGES.length, this.truths.size);
    this.objects = this.classes.map(() => ({ positives: AREA_RANGES.map(() => 0), truthImages: [] }));
    this.matcher = new ImageMatcher({
      classes: this.classes.length,
      classAgnostic: options.classAgnostic,
      maxDets: this.maxDets.at(-1)!,
      crowds: options.crowds,
      ranges: options.ranges,
      thresholds: this.thresholds,
      overlaps,
    });
  }

  /**
   * Adds the detections of one image (xyxy, in pixels of the original image).
   * @throws DetLabError for an image that is not in the ground truth, or was added before.
   */
  add(imageId: number, detections: BoxDetections): void {
    const truths = this.begin(imageId);
    this.record(imageId, detections, this.matchImage(truths, detections));
  }

  /** Adds the detections of many images, by id. */
  async addAll(found: Iterable<readonly [number, BoxDetections]>): Promise<void> {
    for (const [imageId, detections] of found) this.add(imageId, detections);
  }

  /** The ground truth of an image that is added. */
  protected begin(imageId: number): ImageTruths {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    if (this.added.has(imageId)) throw new DetLabError(`Cannot evaluate image ${imageId}: it was added before`);
    this.added.add(imageId);
    return truths;
  }

  protected record(imageId: number, { scores }: BoxDetections, match: MatchedImage): void {
    this.ordered = undefined;
    this.detections += scores.length;
    this.matched.add(imageId, scores, match);
    for (let c = 0; c < match.classCount; c++) {
      const { positives, truthImages } = this.objects[match.classes[c]];
      const first = c * AREA_RANGES.length;
      for (let r = 0; r < AREA_RANGES.length; r++) positives[r] += match.positives[first + r];
      if (match.positives[first + ALL] > 0) truthImages.push({ imageId, count: match.positives[first + ALL] });
    }
  }

  protected matchImage(truths: ImageTruths, detections: BoxDetections): ImageMatch {
    return this.matcher.match(truths, detections);
  }

  /** The matches so far, by class: what curves, thresholds and comparisons are computed from. */
  get matches(): readonly ClassMatches[] {
    const { rows, imageIds } = this.matched;
    const order = () => this.matched.byClass(this.classes.length);
    return (this.ordered ??= order().map((ofClass, c) => ({ rows, order: ofClass, imageIds, ...this.objects[c] })));
  }

  compute(): EvaluationReport {
    const curves = this.matches.map((matches) => accumulate(matches, this.thresholds.length, this.maxDets));
    const perClass = this.classes.map(
      (name, c): ClassReport => ({
        class: name,
        truths: this.objects[c].positives[ALL],
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

  /** COCOeval's summary over some classes: twelve metrics by name. */
  protected summarise(curves: ClassCurves[]): MetricValues {
    const { thresholds, maxDets } = this;
    const last = maxDets.length - 1;
    const at100 = maxDets.includes(100) ? maxDets.indexOf(100) : last;
    const allThresholds = thresholds.map((_, t) => t);
    const mean = (...of: MeanOf) => this.mean(curves, ...of);
    const only = (iou: number) => this.thresholdsAt(iou);
    const metrics: MetricValues = {
      AP: mean('precision', allThresholds, ALL, at100),
      AP50: mean('precision', only(0.5), ALL, last),
      AP75: mean('precision', only(0.75), ALL, last),
      APs: mean('precision', allThresholds, SMALL, last),
      APm: mean('precision', allThresholds, MEDIUM, last),
      APl: mean('precision', allThresholds, LARGE, last),
    };
    for (const [i, count] of maxDets.entries()) metrics[`AR@${count}`] = mean('recall', allThresholds, ALL, i);
    metrics.ARs = mean('recall', allThresholds, SMALL, last);
    metrics.ARm = mean('recall', allThresholds, MEDIUM, last);
    metrics.ARl = mean('recall', allThresholds, LARGE, last);
    return metrics;
  }

  private thresholdsAt(iou: number): number[] {
    return [...this.thresholds.keys()].filter((t) => Math.abs(this.thresholds[t] - iou) < 1e-9);
  }

  private mean(curves: ClassCurves[], ...[of, ts, range, maxDet]: MeanOf): number {
    let [sum, count] = [0, 0];
    for (const curve of curves)
      for (const t of ts) {
        const value = curve[of][(t * AREA_RANGES.length + range) * this.maxDets.length + maxDet];
        if (value > -1) [sum, count] = [sum + value, count + 1];
      }
    return count === 0 ? -1 : sum / count;
  }

  /** Recall of objects of all sizes at one threshold, with all detections. */
  protected recallAt(curves: ClassCurves[], iou: number): number {
    return this.mean(curves, 'recall', this.thresholdsAt(iou), ALL, this.maxDets.length - 1);
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
