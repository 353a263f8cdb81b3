// A video as TrackEval measures it: boxes of objects and of tracks by frame, in xywh, and what of both counts. Tracks on persons who
// are no pedestrians (riders, reflections, ..) are neither right nor wrong: Milan et al., MOT16, arXiv 2016.

import { linearAssignment } from '../geometry/linear-assignment';

export interface TrackedBox {
  id: number;
  /** x, y, w, h. */
  box: readonly number[];
}

export interface TrackedObject extends TrackedBox {
  category: number;
  /** Whether it is to be evaluated, by the annotation file. */
  counts: boolean;
}

export interface TrackingFrame {
  objects: TrackedObject[];
  tracks: TrackedBox[];
}

/** Ids are numbers from 0 on; similarity is [objects, tracks] of the frame. */
export interface MeasuredFrame {
  objects: number[];
  tracks: number[];
  similarity: number[][];
}

export interface MeasuredSequence {
  frames: MeasuredFrame[];
  numObjects: number;
  numTracks: number;
  /** Boxes in all frames. */
  objectBoxes: number;
  trackBoxes: number;
}

export const EPSILON = Number.EPSILON;
const PEDESTRIAN = 1;
/** person_on_vehicle, static_person, distractor, reflection. */
const DISTRACTORS = [2, 7, 8, 12];
const NON_MOT_VEHICLE = 6;
const DISTRACTOR_IOU = 0.5;

function boxIou([ax, ay, aw, ah]: readonly number[], [bx, by, bw, bh]: readonly number[]): number {
  const overlap = (a: number, a2: number, b: number, b2: number) => Math.max(Math.min(a2, b2) - Math.max(a, b), 0);
  const inside = overlap(ax, ax + aw, bx, bx + bw) * overlap(ay, ay + ah, by, by + bh);
  const [area, other] = [(ax + aw - ax) * (ay + ah - ay), (bx + bw - bx) * (by + bh - by)];
  const union = area + other - inside;
  return area <= EPSILON || other <= EPSILON || union <= EPSILON ? 0 : inside / union;
}

/** Pairs of greatest total similarity. */
export function bestPairs(similarity: readonly number[][], columns: number): [row: number, column: number][] {
  if (similarity.length === 0 || columns === 0) return [];
  const costs = similarity.flatMap((row) => row.map((value) => -value));
  const { rows, columns: to } = linearAssignment(costs, similarity.length, columns);
  return Array.from(rows, (row, k) => [row, to[k]]);
}

/** @param benchmark MOT15 knows no classes; MOT20 has vehicles that count as distractors. */
export function measuredSequence(frames: readonly TrackingFrame[], benchmark: string): MeasuredSequence {
  const distractors = benchmark === 'MOT20' ? [...DISTRACTORS, NON_MOT_VEHICLE] : DISTRACTORS;
  const hasClasses = benchmark !== 'MOT15';
  const kept = frames.map(({ objects, tracks }) => {
    const overlaps = objects.map(({ box }) => tracks.map((track) => boxIou(box, track.box)));
    const removed = new Set<number>();
    if (hasClasses) {
      const near = overlaps.map((row) => row.map((iou) => (iou < DISTRACTOR_IOU - EPSILON ? 0 : iou)));
      for (const [o, t] of bestPairs(near, tracks.length))
        if (near[o][t] > EPSILON && distractors.includes(objects[o].category)) removed.add(t);
    }
    const isKept = (_: unknown, t: number) => !removed.has(t);
    const rows = objects.flatMap(({ counts, category }, o) =>
      counts && (!hasClasses || category === PEDESTRIAN) ? [o] : [],
    );
    return {
      objects: rows.map((o) => objects[o].id),
      tracks: tracks.filter(isKept).map(({ id }) => id),
      similarity: rows.map((o) => overlaps[o].filter(isKept)),
    };
  });
  const [objects, tracks] = [numbered(kept.flatMap((one) => one.objects)), numbered(kept.flatMap((one) => one.tracks))];
  const total = (key: 'objects' | 'tracks') => kept.reduce((sum, one) => sum + one[key].length, 0);
  return {
    frames: kept.map((one) => ({
      objects: one.objects.map((id) => objects.get(id)!),
      tracks: one.tracks.map((id) => tracks.get(id)!),
      similarity: one.similarity,
    })),
    numObjects: objects.size,
    numTracks: tracks.size,
    objectBoxes: total('objects'),
    trackBoxes: total('tracks'),
  };
}

const numbered = (ids: readonly number[]): Map<number, number> =>
  new Map([...new Set(ids)].sort((a, b) => a - b).map((id, i) => [id, i]));
