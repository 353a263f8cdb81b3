// OpenImages' matching of one image and class (MMDetection's tpfp_openimages): as VOC's, but boxes around groups of objects are
// compared by the share of the detection that is inside, and all detections of a group are one, with the best of their scores.

import { areaFloat32, overlapFloat32 } from './float32-overlaps';
import type { AreaRange } from './voc-matching';

export interface OpenImagesClass {
  /** xyxy of the image's objects, and those of the class that are no groups, and that are. */
  corners: Float32Array;
  single: readonly number[];
  groups: readonly number[];
  /** xyxy of the image's detections, and those of the class, with their scores. */
  bboxes: ArrayLike<number>;
  detections: readonly number[];
  scores: ArrayLike<number>;
}

export interface OpenImagesRule {
  iouThreshold: number;
  /** Share of a detection inside of a group from which it belongs to it; undefined: groups are objects as others. */
  ioaThreshold?: number;
  range: AreaRange | undefined;
}

/** Of a score: whether it is right (1), wrong (2), or neither (0). */
export interface ScoredOutcome {
  score: number;
  outcome: 0 | 1 | 2;
}

export function matchOpenImages(
  of: OpenImagesClass,
  { iouThreshold, ioaThreshold, range }: OpenImagesRule,
): ScoredOutcome[] {
  const { bboxes, scores, corners } = of;
  const byGroup = ioaThreshold !== undefined && of.single.length + of.groups.length > 0;
  const objects = byGroup ? of.single : [...of.single, ...of.groups].sort((a, b) => a - b);
  const isIn = (boxes: ArrayLike<number>, i: number) => {
    if (!range) return true;
    const area = areaFloat32(boxes, i);
    return area >= range[0] && area < range[1];
  };
  const taken = new Set<number>();
  const ranked = [...of.detections].sort((a, b) => scores[b] - scores[a]); // equal ones in their order
  const outcomes = new Map<number, ScoredOutcome['outcome']>();
  for (const d of ranked) {
    const [overlap, g] = highest(objects, (object) => overlapFloat32(bboxes, d, corners, object));
    if (!(overlap >= Math.fround(iouThreshold))) outcomes.set(d, isIn(bboxes, d) ? 2 : 0);
    else if (!isIn(corners, g)) outcomes.set(d, 0);
    else if (taken.has(g)) outcomes.set(d, 2);
    else {
      taken.add(g);
      outcomes.set(d, 1);
    }
  }
  const own = of.detections.map((d): ScoredOutcome & { d: number } => ({
    d,
    score: scores[d],
    outcome: outcomes.get(d)!,
  }));
  if (!byGroup || of.groups.length === 0) return own;
  // a group that nothing found is an error of score 0
  const found = new Map(of.groups.map((group) => [group, { score: 0, outcome: 2 } as ScoredOutcome]));
  const inGroup = new Set<number>();
  for (const d of ranked) {
    if (outcomes.get(d) === 1) continue;
    const [share, group] = highest(of.groups, (object) => overlapFloat32(bboxes, d, corners, object, { mode: 'iof' }));
    if (!(share >= Math.fround(ioaThreshold!)) || !isIn(corners, group)) continue;
    inGroup.add(d);
    const before = found.get(group)!;
    found.set(group, { outcome: 1, score: Math.max(before.score, scores[d]) });
  }
  return [...own.filter(({ d }) => !inGroup.has(d)), ...found.values()];
}

/** The first of the highest overlaps, and its object; a NaN is above all, as in NumPy. */
function highest(
  objects: readonly number[],
  overlapWith: (object: number) => number,
): [overlap: number, object: number] {
  let best: [number, number] = [-1, -1];
  for (const object of objects) {
    const overlap = overlapWith(object);
    if (Number.isNaN(overlap)) return [overlap, object];
    if (overlap > best[0]) best = [overlap, object];
  }
  return best;
}
