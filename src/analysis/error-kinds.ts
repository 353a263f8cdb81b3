// The kinds of error of TIDE (Bolya et al., A General Toolbox for Identifying Object Detection Errors, ECCV 2020), equal to
// tidecv 1.0.1: every detection and every ground-truth object of an evaluation is of one kind.

import { DetLabError } from '../errors';
import { type BoxDetections, type ImageTruths, truthsOfRecord } from '../evaluation';
import type { EvaluationResults } from '../evaluation/results';
import type { ImageMatches } from './image-matches';
import { type Matcher, type MatcherOptions, matcherOf } from './matcher';

/** Of a detection or an object; the six between the first and the last are errors. */
export const KINDS = [
  'true positive',
  /** Right place, wrong class. tidecv's Cls. */
  'wrong class',
  /** Right class, IoU from the background threshold to the threshold of a match. tidecv's Loc. */
  'badly placed',
  /** Wrong class and badly placed. tidecv's Both. */
  'both',
  /** Right, but the object has a detection of higher score. tidecv's Dupe. */
  'duplicate',
  /** No object of any class there. tidecv's Bkg. */
  'background',
  /** An object that no detection, right or wrong in one respect, is for. tidecv's Miss. */
  'missed',
  /** Crowd or difficult, and what is matched to it: neither right nor wrong. */
  'ignored',
] as const;
export type Kind = (typeof KINDS)[number];
export type ErrorKind = Exclude<Kind, 'true positive' | 'ignored'>;
export const ERROR_KINDS: readonly ErrorKind[] = KINDS.slice(1, -1) as ErrorKind[];
/** tidecv's names. */
export const TIDE_NAMES: Record<ErrorKind, string> = {
  'wrong class': 'Cls',
  'badly placed': 'Loc',
  both: 'Both',
  duplicate: 'Dupe',
  background: 'Bkg',
  missed: 'Miss',
};
export const codeOf = (kind: Kind): number => KINDS.indexOf(kind);
const [TRUE, CLS, LOC, BOTH, DUPE, BKG, MISS, IGNORED] = KINDS.map((_, code) => code);

/** Detections by column, image by image and in each in descending order of scores. */
export interface DetectionRows {
  count: number;
  /** Position of the image among the evaluated ones. */
  image: Int32Array;
  /** Index among the image's detections. */
  index: Int32Array;
  label: Int32Array;
  score: Float64Array;
  /** Code of its kind, of KINDS. An ignored one has the kind that it would have otherwise: see `ignored`. */
  cause: Uint8Array;
  /** 1: neither true nor false. */
  ignored: Uint8Array;
  /** Row of the object that its kind is about: matched, or the nearest; -1 without any. */
  truth: Int32Array;
  /** IoU with that object. */
  iou: Float64Array;
  /** Row of the object that it is matched to, ignored ones included; -1 without any. */
  matched: Int32Array;
  /** Square pixels. */
  area: Float64Array;
}

/** Ground-truth objects by column, image by image in the order of the annotation file. */
export interface TruthRows {
  count: number;
  image: Int32Array;
  /** Index among the image's ground truth. */
  index: Int32Array;
  label: Int32Array;
  /** `true positive` if found; `wrong class` or `badly placed` if such a detection is for it; `missed` or `ignored`. */
  kind: Uint8Array;
  /** Row of the detection that found it, or is for it; -1 without any. */
  detection: Int32Array;
  area: Float64Array;
}

export interface ErrorRows {
  detections: DetectionRows;
  truths: TruthRows;
  /** The first rows of each image, and at the end the numbers of rows. */
  starts: { detections: Int32Array; truths: Int32Array };
  matcher: Matcher;
  /** IoU up to which a detection is background. */
  background: number;
}

export interface ErrorKindOptions extends MatcherOptions {
  /** IoU up to which a detection is background. Default 0.1. */
  background?: number;
}

/** What is classified: an evaluation's results, or ground truth from elsewhere with the detections. */
export interface ErrorInput {
  classes: readonly string[];
  metric: EvaluationResults['metric'];
  images: readonly { truths: ImageTruths; detections: BoxDetections }[];
}

export const errorInput = ({ dataset, images, metric }: EvaluationResults): ErrorInput => ({
  classes: dataset.classes,
  metric,
  images: images.map(({ record, detections }) => ({ truths: truthsOfRecord(record), detections })),
});

/** Classifies all detections and objects. */
export function classifyErrors(
  { classes, metric, images }: ErrorInput,
  { background = 0.1, ...options }: ErrorKindOptions = {},
): ErrorRows {
  const matcher = matcherOf(metric, classes, options);
  if (!(background > 0 && background < matcher.iou))
    throw new DetLabError(
      `Cannot separate errors from background at an IoU of ${background}: expected a number above 0 and below ${matcher.iou}`,
    );
  const detections = detectionRows(images.reduce((sum, { detections: { scores } }) => sum + scores.length, 0));
  const truths = truthRows(images.reduce((sum, { truths: { labels } }) => sum + labels.length, 0));
  const starts = { detections: new Int32Array(images.length + 1), truths: new Int32Array(images.length + 1) };
  const rows: ErrorRows = { detections, truths, starts, matcher, background };
  for (const [image, given] of images.entries()) {
    classifyImage(rows, image, given, matcher.match(given.truths, given.detections));
    starts.detections[image + 1] = detections.count;
    starts.truths[image + 1] = truths.count;
  }
  return rows;
}

export const kindOfDetection = ({ cause, ignored }: DetectionRows, row: number): Kind =>
  ignored[row] === 1 ? 'ignored' : KINDS[cause[row]];

export const kindOfTruth = ({ kind }: TruthRows, row: number): Kind => KINDS[kind[row]];

function classifyImage(
  { detections, truths, matcher, background }: ErrorRows,
  image: number,
  given: ErrorInput['images'][number],
  matches: ImageMatches,
): void {
  const firstTruth = truths.count;
  for (let g = 0; g < given.truths.labels.length; g++) {
    const row = truths.count++;
    truths.image[row] = image;
    truths.index[row] = g;
    truths.label[row] = matcher.classAgnostic ? 0 : given.truths.labels[g];
    truths.area[row] = given.truths.areas[g];
    truths.kind[row] = IGNORED;
    truths.detection[row] = -1;
  }
  const firstDetection = detections.count;
  for (const g of matches.truths) truths.kind[firstTruth + g] = MISS;
  for (let k = 0; k < matches.detections.length; k++) {
    const found = matches.truthOf[k];
    if (found < 0 || matches.ignored[k] === 1) continue;
    truths.kind[firstTruth + found] = TRUE;
    truths.detection[firstTruth + found] = firstDetection + k;
  }
  const at = { first: firstTruth, matches, truths, iou: matcher.iou, background };
  for (let k = 0; k < matches.detections.length; k++) {
    const d = matches.detections[k];
    const row = detections.count++;
    detections.image[row] = image;
    detections.index[row] = d;
    detections.label[row] = matcher.classAgnostic ? 0 : given.detections.labels[d];
    detections.score[row] = given.detections.scores[d];
    detections.ignored[row] = matches.ignored[k];
    detections.area[row] = matches.areas[k];
    const { cause, column, iou } = causeOf(at, k, detections.label[row]);
    detections.cause[row] = cause;
    detections.iou[row] = iou;
    detections.truth[row] = column < 0 ? -1 : firstTruth + matches.truths[column];
    detections.matched[row] = matches.truthOf[k] < 0 ? -1 : firstTruth + matches.truthOf[k];
    if (cause !== CLS && cause !== LOC) continue;
    // the first, of the highest score, is the one whose correction would find the object
    const claimed = firstTruth + matches.truths[column];
    if (truths.kind[claimed] !== MISS) continue;
    truths.kind[claimed] = cause;
    truths.detection[claimed] = row;
  }
}

/** The kind of the k-th detection, in tidecv's order of tests, with the object (as a column of the IoUs) that it is about. */
function causeOf(
  at: { first: number; matches: ImageMatches; truths: TruthRows; iou: number; background: number },
  k: number,
  label: number,
): { cause: number; column: number; iou: number } {
  const { matches, truths, first, iou: threshold, background } = at;
  const columns = matches.truths.length;
  if (columns === 0) return { cause: BKG, column: -1, iou: 0 };
  const matched = matches.ignored[k] === 1 ? -1 : matches.truthOf[k];
  // the first object of highest IoU: of the class, of other classes, of the class among those found, of all
  let [same, other, used, any] = [0, 0, 0, 0];
  let [sameIoU, otherIoU, usedIoU, anyIoU] = [0, 0, 0, 0];
  for (let c = 0; c < columns; c++) {
    const iou = matches.overlaps[k * columns + c];
    if (!(iou > 0)) continue; // most are 0; a match never is
    const row = first + matches.truths[c];
    if (matches.truths[c] === matched) return { cause: TRUE, column: c, iou };
    if (iou > anyIoU) [any, anyIoU] = [c, iou];
    if (truths.label[row] !== label) {
      if (iou > otherIoU) [other, otherIoU] = [c, iou];
      continue;
    }
    if (iou > sameIoU) [same, sameIoU] = [c, iou];
    if (truths.kind[row] === TRUE && iou > usedIoU) [used, usedIoU] = [c, iou];
  }
  if (sameIoU >= background && sameIoU <= threshold) return { cause: LOC, column: same, iou: sameIoU };
  if (otherIoU >= threshold) return { cause: CLS, column: other, iou: otherIoU };
  if (usedIoU >= threshold) return { cause: DUPE, column: used, iou: usedIoU };
  return { cause: anyIoU <= background ? BKG : BOTH, column: anyIoU > 0 ? any : -1, iou: anyIoU };
}

const detectionRows = (capacity: number): DetectionRows => ({
  count: 0,
  image: new Int32Array(capacity),
  index: new Int32Array(capacity),
  label: new Int32Array(capacity),
  score: new Float64Array(capacity),
  cause: new Uint8Array(capacity),
  ignored: new Uint8Array(capacity),
  truth: new Int32Array(capacity),
  iou: new Float64Array(capacity),
  matched: new Int32Array(capacity),
  area: new Float64Array(capacity),
});

const truthRows = (capacity: number): TruthRows => ({
  count: 0,
  image: new Int32Array(capacity),
  index: new Int32Array(capacity),
  label: new Int32Array(capacity),
  kind: new Uint8Array(capacity),
  detection: new Int32Array(capacity),
  area: new Float64Array(capacity),
});
