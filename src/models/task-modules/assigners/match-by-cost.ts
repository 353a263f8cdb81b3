// YOLOv7's assignment (Wang et al., CVPR 2023; MMYOLO's BatchYOLOv7Assigner): of the anchors that have the shape of some ground truth
// and are near its center (match-by-shape.ts), each box of the image takes those of lowest cost in class and IoU over all levels, as
// many as its highest IoUs add up to. P candidates of a level, K ground-truth boxes of an image, C classes.

import { bboxOverlaps, type Size } from '../../../geometry/boxes';
import type { Instances } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { inCells, type LevelMatches } from './match-by-shape';

const f = Math.fround;
const EPSILON = 1e-8;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Logits of classes from a product of sigmoids that is 1 would be infinite. */
const log = (p: number) => Math.log(Math.max(p, 1e-38));

export interface CostMatching {
  /** Highest IoUs whose sum is the number of anchors of a box. */
  topk: number;
  iouWeight: number;
  clsWeight: number;
}

export interface MatchedLevel {
  matches: LevelMatches;
  /** Codes, objectness and classes of the candidates before the sigmoid [P, 5 + C]. */
  predictions: Float32Array;
  /** [H, W] in cells, and pixels of a cell. */
  size: Size;
  stride: number;
}

/** A candidate by its level and its place there. */
interface Candidate {
  level: number;
  k: number;
}

/** @param batchShape [height, width] of the images in pixels */
export function matchByCost(
  levels: readonly MatchedLevel[],
  images: readonly Instances[],
  batchShape: Size,
  cost: CostMatching,
): LevelMatches[] {
  const chosen = levels.map((): { k: number; truth: number }[] => []);
  for (const [image, truths] of images.entries()) {
    const candidates = levels.flatMap(({ matches }, level) =>
      Array.from(matches.rows.keys()).flatMap((k): Candidate[] => (matches.images[k] === image ? [{ level, k }] : [])),
    );
    if (candidates.length === 0) continue;
    const { overlaps, costs } = compare(candidates, levels, truths, cost);
    const priors = Int32Array.from(candidates.keys());
    const { assigned } = dynamicKMatching(
      { priors, costs, overlaps, noOverlap: 0 },
      priors.length,
      truths,
      Math.min(cost.topk, priors.length),
    );
    for (const [i, { level, k }] of candidates.entries())
      if (assigned[i] > 0) chosen[level].push({ k, truth: assigned[i] - 1 });
  }
  return levels.map((level, i) => takeMatches(level, chosen[i], images, batchShape));
}

/** IoUs and costs of the candidates of an image with its ground truth [candidates, K]. */
function compare(
  candidates: readonly Candidate[],
  levels: readonly MatchedLevel[],
  { bboxes, labels }: Instances,
  { clsWeight, iouWeight }: CostMatching,
): { overlaps: Float32Array; costs: Float32Array } {
  const boxes = Float32Array.from(candidates.flatMap(({ level, k }) => decode(levels[level], k)));
  const overlaps = bboxOverlaps(boxes, bboxes);
  const costs = new Float32Array(overlaps.length);
  for (const [i, { level, k }] of candidates.entries()) {
    const { predictions, matches } = levels[level];
    const columns = predictions.length / matches.rows.length;
    const [object, ...classes] = predictions.subarray(k * columns + 4, (k + 1) * columns);
    // cross entropy of the square roots of scores against no class at all; a label changes one term
    const roots = classes.map((logit) => Math.sqrt(sigmoid(object) * sigmoid(logit)));
    const background = roots.reduce((sum, p) => sum - log(1 - p), 0);
    for (const [g, label] of labels.entries()) {
      const at = i * labels.length + g;
      const cls = background + log(1 - roots[label]) - log(roots[label]);
      costs[at] = clsWeight * cls - iouWeight * Math.log(overlaps[at] + EPSILON);
    }
  }
  return { overlaps, costs };
}

/** The predicted box of a candidate in pixels, [x1, y1, x2, y2]. */
function decode({ matches, predictions, size, stride }: MatchedLevel, k: number): number[] {
  const start = k * (predictions.length / matches.rows.length);
  const [dx, dy, dw, dh] = predictions.subarray(start, start + 4).map(sigmoid);
  const [column, row] = cellOf(matches, k, size);
  const center = (offset: number, cell: number) => f(f(f(2 * offset) - 0.5 + cell) * stride);
  const side = (growth: number, axis: number) => f(f(f(2 * growth) ** 2 * matches.anchors[2 * k + axis]) * stride);
  const [x, y, w, h] = [center(dx, column), center(dy, row), side(dw, 0), side(dh, 1)];
  return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
}

/** Column and row of a candidate's cell. */
function cellOf({ rows, perCell }: LevelMatches, k: number, [height, width]: Size): [number, number] {
  const cell = Math.floor(rows[k] / perCell);
  return [cell % width, Math.floor(cell / width) % height];
}

/** Some candidates of a level, each with the ground truth that it is given to. */
function takeMatches(
  { matches, size }: MatchedLevel,
  chosen: readonly { k: number; truth: number }[],
  images: readonly Instances[],
  batchShape: Size,
): LevelMatches {
  const scaled = images.map(({ bboxes }) => inCells(bboxes, batchShape, size));
  const take = (values: Int32Array) => Int32Array.from(chosen, ({ k }) => values[k]);
  const of = take(matches.images);
  return {
    ...matches,
    rows: take(matches.rows),
    images: of,
    truths: Int32Array.from(chosen, ({ truth }) => truth),
    labels: Int32Array.from(chosen, ({ truth }, i) => images[of[i]].labels[truth]),
    boxes: Float32Array.from(
      chosen.flatMap(({ k, truth }, i) => {
        const [x, y, w, h] = scaled[of[i]].subarray(4 * truth, 4 * truth + 4);
        const [column, row] = cellOf(matches, k, size);
        return [x - column, y - row, w, h];
      }),
    ),
    anchors: Float32Array.from(chosen.flatMap(({ k }) => [matches.anchors[2 * k], matches.anchors[2 * k + 1]])),
  };
}
