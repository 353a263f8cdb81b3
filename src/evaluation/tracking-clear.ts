// CLEAR: misses, false tracks and switched identities at one IoU (Bernardin and Stiefelhagen, EURASIP 2008), as TrackEval counts.

import { bestPairs, EPSILON, type MeasuredSequence } from './tracking-sequence';

/** Sums over sequences add up. */
export interface ClearCounts {
  TP: number;
  FP: number;
  FN: number;
  IDSW: number;
  /** Objects tracked for more than 80 % of their frames, and for less than 20 %. */
  MT: number;
  ML: number;
  /** Times that an object's track is interrupted. */
  Frag: number;
  /** IoU of the matches. */
  overlap: number;
}

/** More than any IoU: a track goes on with the object that it was on. */
const KEPT = 1000;

export function clearCounts(sequence: MeasuredSequence, threshold: number): ClearCounts {
  const { frames, numObjects, objectBoxes, trackBoxes } = sequence;
  const counts: ClearCounts = { TP: 0, FP: 0, FN: 0, IDSW: 0, MT: 0, ML: 0, Frag: 0, overlap: 0 };
  if (trackBoxes === 0) return { ...counts, FN: objectBoxes, ML: numObjects };
  if (objectBoxes === 0) return { ...counts, FP: trackBoxes };
  const seen = new Array<number>(numObjects).fill(0);
  const found = new Array<number>(numObjects).fill(0);
  const begun = new Array<number>(numObjects).fill(0);
  const last = new Map<number, number>();
  let before = new Map<number, number>();
  for (const { objects, tracks, similarity } of frames) {
    // a frame without any boxes of the one interrupts nothing
    if (objects.length === 0) counts.FP += tracks.length;
    if (objects.length > 0) for (const o of objects) seen[o]++;
    if (objects.length === 0 || tracks.length === 0) {
      counts.FN += objects.length;
      continue;
    }
    const scores = similarity.map((row, i) =>
      row.map((iou, j) => (iou < threshold - EPSILON ? 0 : iou + (before.get(objects[i]) === tracks[j] ? KEPT : 0))),
    );
    const pairs = bestPairs(scores, tracks.length).filter(([i, j]) => scores[i][j] > EPSILON);
    const now = new Map<number, number>();
    for (const [i, j] of pairs) {
      const [object, track] = [objects[i], tracks[j]];
      if (last.has(object) && last.get(object) !== track) counts.IDSW++;
      found[object]++;
      last.set(object, track);
      now.set(object, track);
      if (!before.has(object)) begun[object]++;
    }
    before = now;
    counts.TP += pairs.length;
    counts.FN += objects.length - pairs.length;
    counts.FP += tracks.length - pairs.length;
    counts.overlap += pairs.reduce((sum, [i, j]) => sum + similarity[i][j], 0);
  }
  const ratios = found.flatMap((count, o) => (seen[o] > 0 ? [count / seen[o]] : []));
  counts.MT = ratios.filter((ratio) => ratio > 0.8).length;
  counts.ML = numObjects - ratios.filter((ratio) => ratio >= 0.2).length;
  counts.Frag = begun.reduce((sum, times) => sum + Math.max(times - 1, 0), 0);
  return counts;
}
