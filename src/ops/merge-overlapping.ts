// Merges detections of overlapping tiles: an object that a tile's border cuts is detected in parts. NMS, or greedy
// non-maximum merging (the kept box grows to what it absorbs), by IoU or by the share of the smaller box (`ios`). Equal to
// sahi 0.11.36, except that a box absorbs others in descending order of their scores (sahi: in the order of a search tree).

import type { ScoredBoxes } from './weighted-boxes-fusion';

export interface MergeOverlappingOptions {
  /** `nms` drops overlapping boxes, `greedy_nmm` merges them. Default `greedy_nmm`. */
  type?: 'nms' | 'greedy_nmm';
  /** Overlap as intersection over union, or over the smaller area, which also finds parts of an object. Default `ios`. */
  metric?: 'iou' | 'ios';
  /** Overlap from which on boxes are one object. Default 0.5. */
  threshold?: number;
  /** Merge boxes of different classes. Default false. */
  classAgnostic?: boolean;
}

export interface MergedBoxes extends ScoredBoxes {
  /** For each box the indices of those it was made of, its own first. */
  groups: number[][];
}

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * Merges boxes of one image, in descending order of scores.
 *
 * @example mergeOverlapping(ofAllTiles, { type: 'nms', metric: 'iou', threshold: 0.6 }).bboxes
 */
export function mergeOverlapping(
  { bboxes, scores, labels }: ScoredBoxes,
  { type = 'greedy_nmm', metric = 'ios', threshold = 0.5, classAgnostic = false }: MergeOverlappingOptions = {},
): MergedBoxes {
  const boxes = Array.from(scores, (_, i): Box => [...bboxes.subarray(4 * i, 4 * i + 4)] as unknown as Box);
  const overlap = metric === 'iou' ? iou : ios;
  const order = Array.from(scores.keys()).sort((i, j) => scores[j] - scores[i] || compare(boxes[j], boxes[i]) || i - j);
  const gone = new Uint8Array(scores.length);
  const kept: { box: Box; group: number[] }[] = [];
  for (const [rank, i] of order.entries()) {
    if (gone[i]) continue;
    let box = boxes[i];
    const group = [i];
    for (const j of order.slice(rank + 1)) {
      if (gone[j] || (!classAgnostic && labels[i] !== labels[j]) || overlap(boxes[i], boxes[j]) < threshold) continue;
      gone[j] = 1;
      if (type === 'nms' || overlap(box, boxes[j]) <= threshold) continue;
      box = around(box, boxes[j]);
      group.push(j);
    }
    kept.push({ box, group });
  }
  return {
    bboxes: Float32Array.from(kept.flatMap(({ box }) => box)),
    scores: Float32Array.from(kept, ({ group }) => scores[group[0]]),
    labels: Int32Array.from(kept, ({ group }) => labels[group[0]]),
    groups: kept.map(({ group }) => group),
  };
}

const area = ([x1, y1, x2, y2]: Box): number => (x2 - x1) * (y2 - y1);

function intersection(a: Box, b: Box): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return w > 0 && h > 0 ? w * h : 0;
}

/** Without a common area 0, for boxes without area too. */
function share(common: number, whole: number): number {
  return common > 0 && whole > 0 ? common / whole : 0;
}

function iou(a: Box, b: Box): number {
  const common = intersection(a, b);
  return share(common, area(a) + area(b) - common);
}

function ios(a: Box, b: Box): number {
  return share(intersection(a, b), Math.min(area(a), area(b)));
}

const around = (a: Box, b: Box): Box => [
  Math.min(a[0], b[0]),
  Math.min(a[1], b[1]),
  Math.max(a[2], b[2]),
  Math.max(a[3], b[3]),
];

/** By the first coordinate that differs. */
function compare(a: Box, b: Box): number {
  const at = a.findIndex((v, i) => v !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}
