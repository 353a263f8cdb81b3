// How the evaluator of a report matches detections with ground truth, one image at a time: COCO's rule for boxes or masks, or
// VOC's. The matches are those of its AP; what is made of them (kinds of error, galleries) adds only the IoUs between classes.

import type { ModuleConfig } from '../catalogue/registry';
import { DetLabError } from '../errors';
import {
  type BoxDetections,
  CocoBboxMetric,
  CocoSegmMetric,
  type EvaluationReport,
  type ImageTruths,
  VocBboxMetric,
} from '../evaluation';
import { averageOf, precisionAtRecalls } from '../evaluation/average-precision';
import { AREA_RANGES } from '../evaluation/coco-matching';
import { CocoMetric } from '../evaluation/coco-metric';
import { ignoringMaskless } from '../evaluation/coco-segm';
import { cornersOf, overlapFloat32 } from '../evaluation/float32-overlaps';
import { ImageMatcher } from '../evaluation/image-matching';
import { BoxOverlaps, type ImageOverlaps } from '../evaluation/image-overlaps';
import { MaskOverlaps } from '../evaluation/mask-overlaps';
import { sortByScore } from '../evaluation/score-order';
import { vocAveragePrecision } from '../evaluation/voc-bbox';
import { matchVocImage } from '../evaluation/voc-matching';
import { VOCMetric } from '../evaluation/voc-metric';
import { ImageComparison, type MatchOfDetection } from './image-comparison';
import type { ImageMatches } from './image-matches';

export interface MatcherOptions {
  /** Default 0.5; of a VOC report, its first threshold. */
  iou?: number;
  /** Match masks instead of boxes. Default: what the metric evaluates, boxes where it evaluates both. */
  masks?: boolean;
  /**
   * Most detections of one image over all classes, as tidecv's `max_dets` of 100. Default: as for AP, the metric's maximum of each
   * class.
   */
  maxDetections?: number;
}

export interface Matcher {
  readonly iou: number;
  readonly masks: boolean;
  /** Matched regardless of class, as `proposal` metrics are. */
  readonly classAgnostic: boolean;
  /** A class with detections and no ground truth counts as AP 0 in the mean (tidecv's rule), or is left out (VOC's). */
  readonly countsTruthless: boolean;
  match(truths: ImageTruths, detections: BoxDetections): ImageMatches;
  /** @param isTrue [count]: 1 for true, 0 for false positives, in descending order of scores */
  averagePrecision(isTrue: Uint8Array, count: number, positives: number): number;
  /** What the metric reports of one image alone. */
  evaluate(truths: ImageTruths, detections: BoxDetections): EvaluationReport;
}

/** The matcher of a report's metric. @throws DetLabError for a threshold outside of (0, 1] */
export function matcherOf(metric: ModuleConfig, classes: readonly string[], options: MatcherOptions = {}): Matcher {
  const { iou, maxDetections } = options;
  if (iou !== undefined && !(iou > 0 && iou <= 1))
    throw new DetLabError(`Cannot match at an IoU of ${iou}: expected a number above 0 and at most 1, such as 0.5`);
  if (maxDetections !== undefined && !(Number.isInteger(maxDetections) && maxDetections > 0))
    throw new DetLabError(`Cannot match ${maxDetections} detections per image: expected a positive integer`);
  const matcher =
    metric.type === 'VOCMetric' ? vocMatcher(metric, classes, options) : cocoMatcher(metric, classes, options);
  if (maxDetections === undefined) return matcher;
  return { ...matcher, match: (truths, found) => matcher.match(truths, best(found, maxDetections)) };
}

function cocoMatcher(metric: ModuleConfig, classes: readonly string[], { iou = 0.5, masks }: MatcherOptions): Matcher {
  const { type, ...given } = metric;
  const read = type === 'CocoMetric' ? CocoMetric.options.safeParse(given) : undefined;
  const kinds = read?.success ? [read.data.metric].flat() : type === 'CityScapesMetric' ? ['segm'] : ['bbox'];
  const ofMasks = masks ?? (kinds.includes('segm') && !kinds.includes('bbox'));
  if (ofMasks && !kinds.includes('segm'))
    throw new DetLabError(
      `Cannot match masks: expected a metric with 'segm', received '${kinds.join("', '")}'. Evaluate with metric: ['bbox', 'segm']`,
    );
  const classAgnostic = !kinds.includes('bbox') && !ofMasks;
  const proposals = read?.success ? read.data.proposal_nums : undefined;
  const ascending = [...(proposals ?? (classAgnostic ? [100, 300, 1000] : [1, 10, 100]))].sort((a, b) => a - b);
  const maxDets = ascending.includes(100) && !classAgnostic ? 100 : ascending.at(-1)!;
  const overlaps = ofMasks ? new MaskOverlaps() : new BoxOverlaps();
  const matcher = new ImageMatcher({
    classes: classAgnostic ? 1 : classes.length,
    classAgnostic,
    maxDets,
    thresholds: [iou],
    ranges: AREA_RANGES.slice(0, 1),
    overlaps,
  });
  const counted = classAgnostic ? undefined : classes.length;
  const comparison = new ImageComparison();
  let of: MatchOfDetection = { truthOf: new Int32Array(0), ignored: new Uint8Array(0) };
  const precisions = new Float64Array(101);
  let [trues, falses] = [new Float64Array(0), new Float64Array(0)];
  return {
    iou,
    masks: ofMasks,
    classAgnostic,
    countsTruthless: true,
    match(given, detections) {
      const truths = ofMasks ? ignoringMaskless(given) : given;
      const match = matcher.match(truths, detections);
      const { length } = detections.scores;
      if (length > of.truthOf.length) of = { truthOf: new Int32Array(2 * length), ignored: new Uint8Array(2 * length) };
      for (let row = 0; row < match.count; row++) {
        of.truthOf[match.detections[row]] = match.truthOf[row];
        of.ignored[match.detections[row]] = match.ignored[row];
      }
      return comparison.compare(match.ranked.subarray(0, match.count), positivesOf(truths, counted), of, overlaps);
    },
    averagePrecision(isTrue, count, positives) {
      if (positives === 0) return 0;
      if (count > trues.length) {
        trues = Float64Array.from({ length: 2 * count }, (_, k) => k + 1);
        falses = new Float64Array(2 * count);
      }
      let found = 0;
      for (let k = 0; k < count; k++) if (isTrue[k] === 1) falses[found] = k - found++;
      precisionAtRecalls({ trues, falses, count: found, positives }, precisions, HUNDREDTHS);
      return averageOf(precisions);
    },
    evaluate(truths, detections) {
      const Metric = ofMasks ? CocoSegmMetric : CocoBboxMetric;
      const single = new Metric([truths], { classes, maxDets: ascending, classAgnostic });
      single.add(truths.imageId, detections);
      return single.compute();
    },
  };
}

/** tidecv's recalls: k / 100, of which some differ from pycocotools' k * 0.01 in the last bit. */
const HUNDREDTHS = Array.from({ length: 101 }, (_, k) => k / 100);

function vocMatcher(metric: ModuleConfig, classes: readonly string[], { iou, masks }: MatcherOptions): Matcher {
  if (masks) throw new DetLabError("Cannot match masks: expected a CocoMetric with 'segm', received a VOCMetric");
  const { type: _, ...given } = metric;
  const { iou_thrs, eval_mode: mode } = VOCMetric.options.parse(given);
  const threshold = iou ?? [iou_thrs].flat()[0];
  const options = { classes: classes.length, thresholds: [threshold], legacyCoordinates: true };
  const overlaps = new VocOverlaps();
  const comparison = new ImageComparison();
  return {
    iou: threshold,
    masks: false,
    classAgnostic: false,
    countsTruthless: false,
    match(truths, detections) {
      const truthOf = new Int32Array(detections.scores.length).fill(-1);
      const ignored = new Uint8Array(detections.scores.length);
      const counted: number[] = [];
      for (const { detections: ofClass, outcomes, nearest } of matchVocImage(truths, detections, options))
        for (const [k, d] of ofClass.entries()) {
          counted.push(d);
          if (outcomes[k][0] !== 'false positive') truthOf[d] = nearest[k];
          ignored[d] = outcomes[k][0] === 'ignored' ? 1 : 0;
        }
      const order = Int32Array.from(counted).sort();
      sortByScore(order, order.length, Float64Array.from(detections.scores));
      overlaps.load(detections, truths);
      return comparison.compare(order, positivesOf(truths, classes.length), { truthOf, ignored }, overlaps);
    },
    averagePrecision: (isTrue, count, positives) => vocAveragePrecision(isTrue.subarray(0, count), positives, mode),
    evaluate(truths, detections) {
      const single = new VocBboxMetric([truths], { classes, iouThresholds: [iou_thrs].flat(), mode });
      single.add(truths.imageId, detections);
      return single.compute();
    },
  };
}

/** IoUs as those of VOC's matching. */
class VocOverlaps implements ImageOverlaps {
  private bboxes: ArrayLike<number> = [];
  private corners: Float32Array = new Float32Array(0);

  load({ bboxes }: BoxDetections, truths: ImageTruths): void {
    [this.bboxes, this.corners] = [bboxes, cornersOf(truths)];
  }

  area(d: number): number {
    const { bboxes } = this;
    return (bboxes[4 * d + 2] - bboxes[4 * d]) * (bboxes[4 * d + 3] - bboxes[4 * d + 1]);
  }

  overlap(detection: number, truth: number): number {
    return overlapFloat32(this.bboxes, detection, this.corners, truth, { legacy: true });
  }
}

function positivesOf({ labels, ignored }: ImageTruths, classes = Number.POSITIVE_INFINITY): number[] {
  const indices: number[] = [];
  for (let g = 0; g < labels.length; g++)
    if (ignored[g] === 0 && labels[g] >= 0 && labels[g] < classes) indices.push(g);
  return indices;
}

/** The best `count` detections of an image; ties by position. */
function best(found: BoxDetections, count: number): BoxDetections {
  const { bboxes, scores, labels, masks, areas } = found;
  if (scores.length <= count) return found;
  const order = Array.from(scores, (_, i) => i).filter((i) => !Number.isNaN(scores[i]));
  const kept = new Set(order.sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count));
  // the others stay in place without a score, so that indices remain those of the image
  return {
    bboxes,
    labels,
    masks,
    areas,
    scores: Float64Array.from(scores, (score, i) => (kept.has(i) ? score : Number.NaN)),
  };
}
