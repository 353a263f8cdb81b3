// The matches of an evaluation, ready to be resampled: of each class, detections in descending order of scores with the image
// they belong to and what they count as at each IoU, and the objects of each image. Matching is COCO's, by the evaluator.

import type { ModuleConfig } from '../catalogue/registry';
import { DetLabError } from '../errors';
import {
  COCO_IOU_THRESHOLDS,
  CocoBboxMetric,
  CocoSegmMetric,
  type EvaluationResults,
  truthsOfDataset,
} from '../evaluation';
import type { ClassMatches } from '../evaluation/average-precision';
import { AREA_RANGES } from '../evaluation/coco-matching';

/** Without a metric, that of COCO's defaults. */
export type MatchResults = Pick<EvaluationResults, 'dataset' | 'images'> & Partial<Pick<EvaluationResults, 'metric'>>;

export interface RankOptions {
  /** Ascending, at most 32; default: those of a CocoMetric, 0.50, 0.55 .. 0.95. */
  ious?: readonly number[];
  /** Detections of a class in an image that are counted, from the highest score. Default: as for AP, 100. */
  maxDets?: number;
  /** Match masks instead of boxes. Default: what the metric evaluates, boxes where it evaluates both. */
  masks?: boolean;
}

/** One class; arrays have one entry per detection, in descending order of scores. */
export interface RankedClass {
  name: string;
  scores: Float64Array;
  /** Position of its image among the evaluated ones. */
  images: Int32Array;
  /** Bit t is set if it is a true positive at IoU t. */
  trues: Uint32Array;
  /** Bit t is set if it is a false positive at IoU t; with neither bit, it is ignored (a crowd's, for example). */
  falses: Uint32Array;
  /** Objects of each evaluated image, the ignored ones excepted. */
  truths: Int32Array;
  positives: number;
}

export interface RankedMatches {
  classes: RankedClass[];
  ious: readonly number[];
  /** Number of evaluated images. */
  images: number;
  /** Detections of a class in an image that were counted at most. */
  maxDets: number;
}

/**
 * Matches all detections once.
 * @example rankMatches(report.results, { ious: [0.5] }).classes[0].positives
 */
export function rankMatches(
  { dataset, images, metric: config }: MatchResults,
  options: RankOptions = {},
): RankedMatches {
  const { ious, maxDets, masks } = { ...settingsOf(config), ...defined(options) };
  for (const iou of ious)
    if (!(iou > 0 && iou <= 1))
      throw new DetLabError(`Cannot match at an IoU of ${iou}: expected a number above 0 and at most 1, such as 0.5`);
  const records = images.map(({ record }) => record);
  const Metric = masks ? CocoSegmMetric : CocoBboxMetric;
  const metric = new Metric(truthsOfDataset({ records }), {
    classes: dataset.classes,
    iouThresholds: ious,
    maxDets: [maxDets],
  });
  for (const { imageId, detections } of images) metric.add(imageId, detections);
  const places = new Map(images.map(({ imageId }, i) => [imageId, i]));
  const classes = metric.matches.map((matches, c) => ranked(dataset.classes[c], matches, places, ious.length));
  return { classes, ious, images: images.length, maxDets };
}

/** The matches at some IoUs with all classes as one: what curves and thresholds are read from. */
export interface PooledMatches extends RankedMatches {
  pool: RankedClass;
}

/** Made once, for all curves and thresholds of a page. */
export function pooledMatches(results: MatchResults, options: RankOptions): PooledMatches {
  const matches = rankMatches(results, options);
  return { ...matches, pool: pooledClasses(matches.classes) };
}

type Settings = Required<RankOptions>;

/** What the AP of a metric is computed with; those of others are not COCO's, so that COCO's defaults hold. */
function settingsOf(config: ModuleConfig | undefined): Settings {
  const settings: Settings = { ious: COCO_IOU_THRESHOLDS, maxDets: 100, masks: false };
  if (config?.type === 'CityScapesMetric') return { ...settings, masks: true };
  if (config?.type !== 'CocoMetric') return settings;
  const { iou_thrs: ious, proposal_nums: numbers, metric } = config;
  const counts = Array.isArray(numbers) ? numbers.map(Number) : [];
  const kinds = [metric ?? 'bbox'].flat();
  return {
    ious:
      ious === undefined || ious === null
        ? settings.ious
        : [ious]
            .flat()
            .map(Number)
            .sort((a, b) => a - b),
    maxDets: counts.length === 0 || counts.includes(100) ? 100 : Math.max(...counts),
    masks: kinds.includes('segm') && !kinds.includes('bbox'),
  };
}

const defined = (options: RankOptions): Partial<Settings> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function ranked(
  name: string,
  matches: ClassMatches,
  places: ReadonlyMap<number, number>,
  thresholds: number,
): RankedClass {
  const { rows, order, imageIds, positives, truthImages } = matches;
  const { scores, images, matched, ignored } = rows;
  const ranges = AREA_RANGES.length;
  const all = thresholds === 32 ? 0xffffffff : 2 ** thresholds - 1;
  const truths = new Int32Array(places.size);
  for (const { imageId, count } of truthImages) truths[places.get(imageId)!] = count;
  const column = (of: (i: number) => number) => Uint32Array.from(order, (i) => of(i * ranges));
  return {
    name,
    scores: Float64Array.from(order, (i) => scores[i]),
    images: Int32Array.from(order, (i) => places.get(imageIds[images[i]])!),
    trues: column((i) => matched[i] & ~ignored[i] & all),
    falses: column((i) => ~matched[i] & ~ignored[i] & all),
    truths,
    positives: positives[0],
  };
}

/** Several classes as one, in descending order of scores: what is counted over all of them. */
export function pooledClasses(classes: readonly RankedClass[], name = 'all classes'): RankedClass {
  const length = classes.reduce((sum, { scores }) => sum + scores.length, 0);
  const joined = { scores: new Float64Array(length), images: new Int32Array(length) };
  const bits = { trues: new Uint32Array(length), falses: new Uint32Array(length) };
  let at = 0;
  for (const one of classes) {
    joined.scores.set(one.scores, at);
    joined.images.set(one.images, at);
    bits.trues.set(one.trues, at);
    bits.falses.set(one.falses, at);
    at += one.scores.length;
  }
  const order = Int32Array.from({ length }, (_, i) => i).sort((a, b) => joined.scores[b] - joined.scores[a] || a - b);
  const truths = new Int32Array(classes[0]?.truths.length ?? 0);
  for (const one of classes) for (let i = 0; i < truths.length; i++) truths[i] += one.truths[i];
  return {
    name,
    scores: Float64Array.from(order, (i) => joined.scores[i]),
    images: Int32Array.from(order, (i) => joined.images[i]),
    trues: Uint32Array.from(order, (i) => bits.trues[i]),
    falses: Uint32Array.from(order, (i) => bits.falses[i]),
    truths,
    positives: classes.reduce((sum, { positives }) => sum + positives, 0),
  };
}
