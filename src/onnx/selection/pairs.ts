// Candidates of a dense head in the graph, and the (prior, class) pairs that are selected from them: above the threshold, the best
// of each group of priors, as decode-detections.ts selects. N images, T priors, C classes, S selected pairs.

import { isFixed, type Sizes } from '../alignment';
import type { LoweringContext } from '../lowering';

/** Below every score: what is dropped. */
export const DROPPED = -1;

/** Values of the graph, float32. */
export interface GraphCandidates {
  /** Probabilities [N, T, columns], of which the first `classes` are classes. */
  scores: string;
  columns: number;
  classes: number;
  /** Decoded [N, T, 4]; [N, T, 5] of rotated boxes. */
  boxes: string;
  rotated?: boolean;
  /** [N, T, 1]. */
  factors?: string;
  /** Priors of each level. */
  levels: readonly Sizes[];
  /** int64 [N, T], where what is selected is to say its prior. */
  priors?: string;
}

/** Scores below 0 are dropped. */
export interface Pairs {
  /** [N, S, 4]; [N, S, 5] of rotated boxes. */
  boxes: string;
  rotated?: boolean;
  /** [N, S]. */
  scores: string;
  /** int64 [N, S]. */
  labels: string;
  /** int64 [N, S], of what NMS keeps apart; the labels when absent. */
  ids?: string;
  /** int64 [N, S]: of one set none suppresses another. */
  sets?: string;
  /** int64 [N, S], of candidates that say theirs. */
  priors?: string;
  /** S, where it is known. */
  count: Sizes;
}

export interface PairOptions {
  /** Scores that are not above it are dropped. */
  threshold: number;
  /** Pairs kept of each group; negative: all. */
  limit: number;
}

/** The pairs of each group of priors; `groups` are sizes that add up to T. */
export function selectPairs(
  { scores, classes, columns, boxes, rotated, factors, priors: places }: GraphCandidates,
  groups: readonly Sizes[],
  { threshold, limit }: PairOptions,
  { graph, dimensions }: LoweringContext,
): Pairs {
  const ofClasses =
    columns === classes
      ? scores
      : graph.node('Slice', [scores, graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])]);
  // NaN is not above it: runtimes differ on the order of NaN
  const above = graph.node('Greater', [ofClasses, graph.float(Math.fround(threshold))]);
  const kept = graph.node('Where', [above, ofClasses, graph.float(DROPPED)]);
  const cut = (value: string): string[] =>
    groups.length === 1 ? [value] : graph.nodeOf('Split', [value, dimensions.list(groups)], { axis: 1 }, groups.length);
  const [scoresOf, boxesOf, factorsOf] = [cut(kept), cut(boxes), factors ? cut(factors) : []];
  const placesOf = places ? cut(places) : [];
  const parts = groups.map((priors, group) => {
    const all = priors.map((count) => count * classes);
    const flat = graph.node('Reshape', [scoresOf[group], graph.ints([0, -1])], { allowzero: 0 });
    const count = all.map((n) => (limit >= 0 ? Math.min(n, limit) : n));
    const k = isFixed(all)
      ? graph.ints([count[0]])
      : limit >= 0
        ? graph.node('Min', [dimensions.size(all), graph.ints([limit])])
        : dimensions.size(all);
    const attributes = { axis: 1, largest: 1, sorted: 1 };
    const [best, index] = graph.nodeOf('TopK', [flat, k], attributes, 2);
    const width = graph.constant([classes], [], 'int64');
    const prior = graph.node('Unsqueeze', [graph.node('Div', [index, width]), graph.ints([2])]);
    const at = (value: string) => graph.node('GatherND', [value, prior], { batch_dims: 1 });
    const factor = factors && graph.node('Squeeze', [at(factorsOf[group]), graph.ints([2])]);
    return {
      boxes: at(boxesOf[group]),
      scores: factor ? multiplied(best, factor) : best,
      labels: graph.node('Mod', [index, width], { fmod: 0 }),
      priors: places && at(placesOf[group]),
      count,
    };
  });
  function multiplied(best: string, factor: string): string {
    const dropped = graph.node('Less', [best, graph.float(0)]);
    return graph.node('Where', [dropped, best, graph.node('Mul', [best, factor])]);
  }
  const join = (values: string[]) => (values.length === 1 ? values[0] : graph.node('Concat', values, { axis: 1 }));
  return {
    boxes: join(parts.map((part) => part.boxes)),
    scores: join(parts.map((part) => part.scores)),
    labels: join(parts.map((part) => part.labels)),
    priors: places && join(parts.map((part) => part.priors!)),
    count: parts[0].count.map((_, t) => parts.reduce((sum, part) => sum + part.count[t], 0)),
    rotated,
  };
}

/** Of each candidate its number among the priors, int64 [N, T]. */
export function priorNumbers({ scores }: GraphCandidates, { graph }: LoweringContext): string {
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [scores], { start: 1, end: 2 }), graph.ints([0])]);
  const range = graph.node('Range', [scalar(0), count, scalar(1)]);
  return graph.node('Expand', [range, graph.node('Shape', [scores], { start: 0, end: 2 })]);
}

/** Every prior with its best class. */
export function bestClasses(
  { scores, columns, classes }: GraphCandidates,
  { graph }: LoweringContext,
): { scores: string; labels: string } {
  const ofClasses =
    columns === classes
      ? scores
      : graph.node('Slice', [scores, graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])]);
  return {
    scores: graph.node('ReduceMax', [ofClasses, graph.ints([2])], { keepdims: 1, noop_with_empty_axes: 0 }),
    labels: graph.node('ArgMax', [ofClasses], { axis: 2, keepdims: 0, select_last_index: 0 }),
  };
}
