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
import { compareMasks, ignoringMaskless } from '../evaluation/coco-segm';
import { type Compare, compareBoxes, matchImage } from '../evaluation/image-matching';
import { vocAveragePrecision } from '../evaluation/voc-bbox';
import { matchVocImage, vocIoU } from '../evaluation/voc-matching';
import { VOCMetric } from '../evaluation/voc-metric';

/** The matches of one image. Detections are in descending order of scores over all classes. */
export interface ImageMatches {
  /** Index of each detection that counts among the image's; those beyond the metric's maximum do not. */
  detections: number[];
  /** Of each, the index of the ground truth it is matched to, or -1. */
  truthOf: Int32Array;
  /** Of each, 1 if it is neither true nor false: matched to a crowd or a difficult object. */
  ignored: Uint8Array;
  /** Indices of the ground truth that counts, in the order of the annotation file. */
  truths: number[];
  /** IoUs [detections, truths], whatever the classes. */
  overlaps: Float64Array;
  /** Of the detections, in square pixels. */
  areas: Float64Array;
}

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
  const kinds = read?.success ? [read.data.metric].flat() : ['bbox'];
  const ofMasks = masks ?? (kinds.includes('segm') && !kinds.includes('bbox'));
  if (ofMasks && !kinds.includes('segm'))
    throw new DetLabError(
      `Cannot match masks: expected a metric with 'segm', received '${kinds.join("', '")}'. Evaluate with metric: ['bbox', 'segm']`,
    );
  const classAgnostic = !kinds.includes('bbox') && !ofMasks;
  const proposals = read?.success ? read.data.proposal_nums : undefined;
  const ascending = [...(proposals ?? (classAgnostic ? [100, 300, 1000] : [1, 10, 100]))].sort((a, b) => a - b);
  const maxDets = ascending.includes(100) && !classAgnostic ? 100 : ascending.at(-1)!;
  const compare = ofMasks ? compareMasks : compareBoxes;
  const common = { classes: classAgnostic ? 1 : classes.length, classAgnostic, maxDets, compare };
  const precisions = new Float64Array(101);
  return {
    iou,
    masks: ofMasks,
    classAgnostic,
    countsTruthless: true,
    match(given, detections) {
      const truths = ofMasks ? ignoringMaskless(given) : given;
      return cocoMatches(truths, detections, { ...common, iou });
    },
    averagePrecision(isTrue, count, positives) {
      if (positives === 0) return 0;
      const trues = new Float64Array(count);
      const falses = new Float64Array(count);
      let found = 0;
      for (let k = 0; k < count; k++)
        if (isTrue[k] === 1) {
          trues[found] = found + 1;
          falses[found] = k - found;
          found++;
        }
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

interface CocoRule {
  classes: number;
  classAgnostic: boolean;
  maxDets: number;
  compare: Compare;
  iou: number;
}

function cocoMatches(
  truths: ImageTruths,
  detections: BoxDetections,
  { iou, compare, ...rule }: CocoRule,
): ImageMatches {
  const thresholds = [iou];
  const ranges = AREA_RANGES.slice(0, 1);
  const matches = matchImage(truths, detections, { ...rule, thresholds, ranges, compare, withTruths: true });
  const truthOfDetection = new Int32Array(detections.scores.length).fill(-1);
  const isIgnored = new Uint8Array(detections.scores.length);
  const counted: number[] = [];
  for (const { detections: best, truths: ofClass, truthOf, ignored } of matches)
    for (let k = 0; k < best.length; k++) {
      counted.push(best[k]);
      if (truthOf![k] >= 0) truthOfDetection[best[k]] = ofClass[truthOf![k]];
      isIgnored[best[k]] = ignored[k] & 1;
    }
  return ranked({
    detections,
    counted,
    truths: positivesOf(truths, rule.classAgnostic ? undefined : rule.classes),
    truthOf: truthOfDetection,
    ignored: isIgnored,
    compare: (order, indices) => compare(detections, order, truths, indices, new Uint8Array(indices.length)),
  });
}

function vocMatcher(metric: ModuleConfig, classes: readonly string[], { iou, masks }: MatcherOptions): Matcher {
  if (masks) throw new DetLabError("Cannot match masks: expected a CocoMetric with 'segm', received a VOCMetric");
  const { type: _, ...given } = metric;
  const { iou_thrs, eval_mode: mode } = VOCMetric.options.parse(given);
  const threshold = iou ?? [iou_thrs].flat()[0];
  const options = { classes: classes.length, thresholds: [threshold], legacyCoordinates: true };
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
      const { bboxes } = detections;
      return ranked({
        detections,
        counted,
        truths: positivesOf(truths, classes.length),
        truthOf,
        ignored,
        compare: (order, indices) => ({
          overlaps: Float64Array.from(
            order.flatMap((d) => indices.map((g) => vocIoU(bboxes, d, truths.boxes, g, true))),
          ),
          detectionAreas: Float64Array.from(
            order,
            (d) => (bboxes[4 * d + 2] - bboxes[4 * d]) * (bboxes[4 * d + 3] - bboxes[4 * d + 1]),
          ),
        }),
      });
    },
    averagePrecision: (isTrue, count, positives) => vocAveragePrecision(isTrue.subarray(0, count), positives, mode),
    evaluate(truths, detections) {
      const single = new VocBboxMetric([truths], { classes, iouThresholds: [iou_thrs].flat(), mode });
      single.add(truths.imageId, detections);
      return single.compute();
    },
  };
}

/** Orders the detections of all classes by score and compares them with the ground truth of all classes. */
function ranked(image: {
  detections: BoxDetections;
  counted: number[];
  truths: number[];
  truthOf: Int32Array;
  ignored: Uint8Array;
  compare(detections: number[], truths: number[]): { overlaps: Float64Array; detectionAreas: Float64Array };
}): ImageMatches {
  const { scores } = image.detections;
  const detections = image.counted.sort((a, b) => scores[b] - scores[a] || a - b);
  const { overlaps, detectionAreas: areas } = image.compare(detections, image.truths);
  const truthOf = new Int32Array(detections.length);
  const ignored = new Uint8Array(detections.length);
  for (let k = 0; k < detections.length; k++) {
    truthOf[k] = image.truthOf[detections[k]];
    ignored[k] = image.ignored[detections[k]];
  }
  return { detections, truthOf, ignored, truths: image.truths, overlaps, areas };
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
