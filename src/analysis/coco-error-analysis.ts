// COCO's error analysis (Hoiem et al., ECCV 2012; MMDetection's coco_error_analysis.py): precision over recall of a class as ever
// more kinds of error are forgiven. C75, C50: at IoU 0.75 and 0.5; Loc: at 0.1; Sim: without confusions within its supercategory;
// Oth: without confusions with any class; BG: without errors on the background; FN: the rest are missed objects.

import type { Category } from '../data/types';
import type { BoxDetections } from '../evaluation';
import { precisionAtRecalls, RECALLS } from '../evaluation/average-precision';
import { AREA_RANGES } from '../evaluation/coco-matching';
import { ImageMatcher } from '../evaluation/image-matching';
import { BoxOverlaps, type ImageOverlaps } from '../evaluation/image-overlaps';
import type { ImageTruths } from '../evaluation/image-truths';
import { MatchedDetections } from '../evaluation/matched-detections';

export const ERROR_STAGES = ['C75', 'C50', 'Loc', 'Sim', 'Oth', 'BG', 'FN'] as const;
export const ERROR_AREAS = ['allarea', 'small', 'medium', 'large'] as const;

export interface AnalysedImage {
  truths: ImageTruths;
  detections: BoxDetections;
}

export interface ClassErrorCurves {
  class: string;
  /** [stages][areas][101]: precision at recalls 0, 0.01 .. 1. */
  curves: Float64Array[][];
}

/** Detections of a class and image that count, as in the script. */
const MAX_DETECTIONS = 100;

/** @param supercategories of each class; undefined: one that no other class has */
export function cocoErrorAnalysis(
  images: readonly AnalysedImage[],
  classes: readonly string[],
  supercategories: readonly (string | undefined)[],
  overlaps: () => ImageOverlaps = () => new BoxOverlaps(),
): ClassErrorCurves[] {
  const plain = curvesOf(images, classes.length, [0.1, 0.5, 0.75], overlaps()); // [classes][thresholds][areas]
  return classes.map((name, c) => {
    const forgiven = (isForgiven: (label: number) => boolean) =>
      curvesOf(
        images.map((image) => forgiving(image, c, isForgiven)),
        1,
        [0.1],
        overlaps(),
      )[0][0];
    const [loc, c50, c75] = plain[c];
    const own = supercategories[c];
    const similar = forgiven((label) => own !== undefined && supercategories[label] === own);
    const others = forgiven(() => true);
    const background = others.map((curve) => curve.map((precision) => (precision > 0 ? 1 : 0)));
    const missed = others.map((curve) => curve.map(() => 1));
    return { class: name, curves: [c75, c50, loc, similar, others, background, missed] };
  });
}

/** The supercategory of every label. */
export const supercategoriesOf = (
  classes: readonly string[],
  categories: readonly Category[] = [],
): (string | undefined)[] =>
  classes.map((_, label) => categories.find((category) => category.label === label)?.supercategory);

/** The image with the detections of one class, and the objects of classes that it may be confused with as crowds. */
function forgiving(
  { truths, detections }: AnalysedImage,
  label: number,
  isForgiven: (label: number) => boolean,
): AnalysedImage {
  const labels = truths.labels.map((of) => (of === label || (of >= 0 && isForgiven(of)) ? 0 : -1));
  const ignored = truths.ignored.map((flag, g) => (truths.labels[g] === label ? flag : 1));
  const found = Array.from(detections.labels, (of) => (of === label ? 0 : -1));
  return { truths: { ...truths, labels, ignored }, detections: { ...detections, labels: found } };
}

/** [classes][thresholds][areas][101]; 0 where there is no ground truth. */
function curvesOf(
  images: readonly AnalysedImage[],
  classes: number,
  thresholds: readonly number[],
  overlaps: ImageOverlaps,
): Float64Array[][][] {
  const areas = AREA_RANGES.length;
  const matcher = new ImageMatcher({ classes, maxDets: MAX_DETECTIONS, thresholds, overlaps });
  const matched = new MatchedDetections(areas, images.length);
  const positives = Array.from({ length: classes }, () => new Float64Array(areas));
  for (const { truths, detections } of images) {
    const match = matcher.match(truths, detections);
    matched.add(truths.imageId, detections.scores, match);
    for (let k = 0; k < match.classCount; k++)
      for (let r = 0; r < areas; r++) positives[match.classes[k]][r] += match.positives[k * areas + r];
  }
  const { rows } = matched;
  return matched.byClass(classes).map((order, c) =>
    thresholds.map((_, t) =>
      Array.from({ length: areas }, (_, r) => {
        const precisions = new Float64Array(RECALLS.length);
        const [trues, falses]: [number[], number[]] = [[], []];
        let wrong = 0;
        for (const row of order) {
          const at = row * areas + r;
          if (((rows.ignored[at] >>> t) & 1) === 1) continue;
          if (((rows.matched[at] >>> t) & 1) === 0) wrong++;
          else {
            falses.push(wrong);
            trues.push(falses.length);
          }
        }
        if (positives[c][r] === 0) return precisions;
        const points = { trues: Float64Array.from(trues), falses: Float64Array.from(falses), count: trues.length };
        precisionAtRecalls({ ...points, positives: positives[c][r] }, precisions);
        return precisions;
      }),
    ),
  );
}
