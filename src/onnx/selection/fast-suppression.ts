// Fast NMS in the graph (ops/fast-nms.ts): of each class the best boxes, of which those are dropped that any better one overlaps, be
// that one dropped itself or not. N images, P priors, C classes, K boxes of a class.

import { isFixed, type Sizes } from '../alignment';
import type { LoweringContext } from '../lowering';
import { overlaps } from './overlaps';
import { DROPPED, type GraphCandidates, type Pairs } from './pairs';

export interface FastSuppression {
  /** Scores that are not above it are dropped. */
  threshold: number;
  /** Highest overlap with a better box. */
  overlap: number;
  /** Boxes of each class that are compared. */
  limit: number;
}

/** @param total P */
export function fastSuppressed(
  { scores, columns, classes, boxes, priors }: GraphCandidates,
  total: Sizes,
  { threshold, overlap, limit }: FastSuppression,
  { graph, dimensions }: LoweringContext,
): Pairs {
  const ofClasses =
    columns === classes
      ? scores
      : graph.node('Slice', [scores, graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])]);
  const above = graph.node('Greater', [ofClasses, graph.float(Math.fround(threshold))]);
  const kept = graph.node('Where', [above, ofClasses, graph.float(DROPPED)]);
  const byClass = graph.node('Transpose', [kept], { perm: [0, 2, 1] });
  const each = total.map((n) => Math.min(n, limit));
  const k = isFixed(total) ? graph.ints([each[0]]) : graph.node('Min', [dimensions.size(total), graph.ints([limit])]);
  const [best, index] = graph.nodeOf('TopK', [byClass, k], { axis: 2, largest: 1, sorted: 1 }, 2); // [N, C, K]
  const at = graph.node('Unsqueeze', [index, graph.ints([3])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  const own = take(boxes); // [N, C, K, 4]
  const shape = graph.node('Shape', [best]);
  const lists = graph.node('Concat', [graph.ints([-1]), graph.node('Shape', [own], { start: 2, end: 4 })], { axis: 0 });
  const flat = graph.node('Reshape', [own, lists], { allowzero: 0 });
  // row i, column j of a matrix: the overlap of box j with a better one, i
  const better = graph.node('Trilu', [overlaps(flat, flat, graph), graph.constant([1], [], 'int64')], { upper: 1 });
  const highest = graph.node('ReduceMax', [better, graph.ints([1])], { keepdims: 0, noop_with_empty_axes: 0 });
  const apart = graph.node('LessOrEqual', [highest, graph.float(Math.fround(overlap))]);
  const left = graph.node('Where', [
    graph.node('Reshape', [apart, shape], { allowzero: 0 }),
    best,
    graph.float(DROPPED),
  ]);
  const label = graph.constant(
    Array.from({ length: classes }, (_, c) => c),
    [classes, 1],
    'int64',
  );
  const joined = (value: string) => graph.node('Reshape', [value, graph.ints([0, -1])], { allowzero: 0 });
  return {
    boxes: graph.node('Reshape', [own, graph.ints([0, -1, 4])], { allowzero: 0 }),
    scores: joined(left),
    labels: joined(graph.node('Expand', [label, shape])),
    priors: priors && joined(take(priors)),
    count: each.map((n) => n * classes),
  };
}
