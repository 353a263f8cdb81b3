// Where confident detections disagree with the ground truth: candidates for labels that are missing, of the wrong class, or
// whose boxes are bad, the most suspicious first.

import { codeOf, type ErrorRows } from './error-kinds';

export const MISTAKE_KINDS = ['missing label', 'wrong class', 'bad box'] as const;
export type MistakeKind = (typeof MISTAKE_KINDS)[number];

export interface LabelMistake {
  kind: MistakeKind;
  /** Position of the image among the evaluated ones. */
  image: number;
  /** Row of the detection. */
  detection: number;
  /** Row of the object that it disagrees with; -1 for a missing label. */
  truth: number;
  /**
   * 0 to 1: the score of the detection, less that of a detection which agrees with the label; times how little it overlaps, for
   * a bad box and for a missing label beside another object.
   */
  suspicion: number;
}

/** Boxes of two missing labels that overlap by more than this are one object. */
const SAME_OBJECT = 0.5;

/**
 * @param minimum suspicion from which a mistake is listed
 * @param overlap IoU of two detections of one image, by their rows
 */
export function labelMistakes(
  { detections, truths }: ErrorRows,
  minimum: number,
  overlap: (first: number, second: number) => number,
): LabelMistake[] {
  const [found, wrong, bad, both, background] = (
    ['true positive', 'wrong class', 'badly placed', 'both', 'background'] as const
  ).map(codeOf);
  const mistakes: LabelMistake[] = [];
  for (let row = 0; row < detections.count; row++) {
    if (detections.ignored[row] === 1) continue;
    const [score, cause, truth, iou] = [
      detections.score[row],
      detections.cause[row],
      detections.truth[row],
      detections.iou[row],
    ];
    const add = (kind: MistakeKind, suspicion: number, object: number) =>
      mistakes.push({ kind, image: detections.image[row], detection: row, truth: object, suspicion });
    // a detection that agrees with the label speaks for it
    const agreed = truth >= 0 && truths.kind[truth] === found ? detections.score[truths.detection[truth]] : 0;
    if (cause === background) add('missing label', score, -1);
    else if (cause === wrong) add('wrong class', score - agreed, truth);
    else if (cause === bad && agreed === 0) add('bad box', score * (1 - iou), truth);
    // beside an object that is labelled well, or of another class: an object of its own
    else if (cause === bad || cause === both) add('missing label', score * (1 - iou), -1);
  }
  const ranked = mistakes.filter(({ suspicion }) => suspicion >= minimum);
  ranked.sort((a, b) => b.suspicion - a.suspicion || a.detection - b.detection);
  return onePerObject(ranked, overlap);
}

/** The most suspicious of each object. */
function onePerObject(
  ranked: readonly LabelMistake[],
  overlap: (first: number, second: number) => number,
): LabelMistake[] {
  const objects = new Set<number>();
  const missing = new Map<number, number[]>();
  return ranked.filter(({ kind, image, detection, truth }) => {
    if (kind !== 'missing label') {
      const isNew = !objects.has(truth);
      objects.add(truth);
      return isNew;
    }
    const known = missing.get(image) ?? [];
    missing.set(image, known);
    if (known.some((other) => overlap(other, detection) > SAME_OBJECT)) return false;
    known.push(detection);
    return true;
  });
}
