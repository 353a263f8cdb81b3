// From corners to boxes: every top-left corner with every bottom-right one of its class that lies below and to the right of it, where
// the two agree that they belong together (Law and Deng, CornerNet, ECCV 2018). Plain arrays.

import { takeBoxes } from '../../geometry/boxes';
import { topIndices } from '../../ops/top-indices';

export interface Corner {
  x: number;
  y: number;
  label: number;
  score: number;
  /** CornerNet: alike for the corners of an object. */
  embedding?: number;
  /** CentripetalNet: where it sees the center of its box. */
  center?: readonly [x: number, y: number];
}

/** Whether the corners belong to one object. */
export type Agreement = (topLeft: Corner, bottomRight: Corner) => boolean;

/** Pairs that are kept at most. */
export const MOST_PAIRS = 1000;

/** The best pairs; scores are means of those of the corners. */
export function cornerPairs(topLeft: readonly Corner[], bottomRight: readonly Corner[], agree: Agreement) {
  const boxes: number[] = [];
  const scores: number[] = [];
  const labels: number[] = [];
  for (const a of topLeft)
    for (const b of bottomRight) {
      if (a.label !== b.label || b.x <= a.x || b.y <= a.y || !agree(a, b)) continue;
      boxes.push(a.x, a.y, b.x, b.y);
      scores.push((a.score + b.score) / 2);
      labels.push(a.label);
    }
  const best = topIndices(Float32Array.from(scores), Math.min(MOST_PAIRS, scores.length));
  return {
    boxes: takeBoxes(Float32Array.from(boxes), best),
    scores: Float32Array.from(best, (i) => scores[i]),
    labels: best.map((i) => labels[i]),
  };
}

/** Embeddings at most `threshold` apart. */
export const sameEmbedding =
  (threshold: number): Agreement =>
  (a, b) =>
    Math.abs(Math.fround(a.embedding! - b.embedding!)) <= threshold;

/** Area of a box in pixels from which its central region is larger. */
export const LARGE_BOX = 3500;
/** Sides of a box in those of its central region. */
export const REGIONS = { large: 2.1, small: 2.4 };

/**
 * Both centers in the central region of the box, and near each other: the area between them at most `threshold` times that of the
 * region (Dong et al., CentripetalNet, CVPR 2020).
 */
export const sameCenter =
  (threshold: number): Agreement =>
  (a, b) => {
    const [w, h] = [b.x - a.x, b.y - a.y];
    const share = 1 / (w * h > LARGE_BOX ? REGIONS.large : REGIONS.small);
    const middle = [(a.x + b.x) / 2, (a.y + b.y) / 2];
    const half = [(share * w) / 2, (share * h) / 2];
    const inside = (center: readonly number[]) =>
      [0, 1].every((axis) => Math.abs(center[axis] - middle[axis]) < half[axis]);
    const between = Math.abs((b.center![0] - a.center![0]) * (b.center![1] - a.center![1]));
    return inside(a.center!) && inside(b.center!) && between <= threshold * 4 * half[0] * half[1];
  };
