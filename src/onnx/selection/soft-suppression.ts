// Soft-NMS in the graph, as a loop: the best box of each image in turn decays the scores of those that overlap it.

import type { NmsConfig } from '../../ops';
import type { Graph } from '../graph';
import type { LoweringContext } from '../lowering';
import { DROPPED } from './pairs';
import { rotatedOverlaps } from './rotated-overlap';

interface Placed {
  /** Boxes of different classes are apart, [N, S, 4]. */
  boxes: string;
  /** [N, S]. */
  scores: string;
  /** [N, S]: boxes of one set leave each other's scores as they are. */
  sets?: string;
  /** The boxes are [N, S, 5]. */
  rotated?: boolean;
}

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };

/** How a score decays by the IoU with a better box. */
function decayed(
  iou: string,
  { method = 'linear', iou_threshold = 0.3, sigma = 0.5 }: NmsConfig,
  graph: Graph,
): string {
  if (method === 'gaussian') {
    const square = graph.node('Mul', [iou, iou]);
    return graph.node('Exp', [graph.node('Div', [square, graph.float(-sigma)])]);
  }
  const apart = graph.node('Less', [iou, graph.float(iou_threshold)]);
  const rest = method === 'linear' ? graph.node('Sub', [graph.float(1), iou]) : graph.float(0);
  return graph.node('Where', [apart, graph.float(1), rest]);
}

/** IoU [N, S] of boxes [N, S, 4] with the one at each image that `of` takes of what is [N, S, ...]. */
function uprightOverlaps(boxes: string, graph: Graph): (of: (value: string) => string) => string {
  const corner = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const [low, high] = [corner(0), corner(2)];
  const product = (sides: string) => graph.node('ReduceProd', [sides, graph.ints([2])], REDUCED);
  const areas = product(graph.node('Sub', [high, low]));
  return (of) => {
    const sides = graph.node('Sub', [graph.node('Min', [high, of(high)]), graph.node('Max', [low, of(low)])]);
    const overlap = product(graph.node('Max', [sides, graph.float(0)]));
    const union = graph.node('Sub', [graph.node('Add', [of(areas), areas]), overlap]);
    return graph.node('Where', [
      graph.node('Greater', [union, graph.float(0)]),
      graph.node('Div', [overlap, union]),
      graph.float(0),
    ]);
  };
}

/** Decayed scores [N, S] of the best `limit` (all if negative) of each image; the others are dropped. */
export function softSuppressed(
  { boxes, scores, sets, rotated }: Placed,
  nms: NmsConfig,
  limit: number,
  { graph }: LoweringContext,
): string {
  const { min_score: minimum = 1e-3 } = nms;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const overlaps = rotated ? rotatedOverlaps(boxes, graph) : uprightOverlaps(boxes, graph);
  const count = graph.node('Squeeze', [graph.node('Shape', [scores], { start: 1, end: 2 }), graph.ints([0])]);
  const places = graph.node('Unsqueeze', [graph.node('Range', [scalar(0), count, scalar(1)]), graph.ints([0])]);
  const nothing = graph.node('Expand', [graph.float(DROPPED), graph.node('Shape', [scores])]);
  const step = ([live, kept]: string[]) => {
    const best = graph.node('ReduceMax', [live, graph.ints([1])], { ...REDUCED, keepdims: 1 }); // [N, 1]
    const at = graph.node('ArgMax', [live], { axis: 1, keepdims: 1, select_last_index: 0 });
    const chosen = graph.node('And', [
      graph.node('Equal', [places, at]),
      graph.node('GreaterOrEqual', [best, graph.float(0)]),
    ]);
    const of = (value: string) =>
      graph.node('GatherND', [value, graph.node('Unsqueeze', [at, graph.ints([2])])], { batch_dims: 1 });
    const decay = decayed(overlaps(of), nms, graph);
    const applied = sets ? graph.node('Where', [graph.node('Equal', [sets, of(sets)]), graph.float(1), decay]) : decay;
    const score = graph.node('Mul', [live, applied]);
    const gone = graph.node('Or', [
      graph.node('Or', [chosen, graph.node('Less', [live, graph.float(0)])]),
      graph.node('Less', [score, graph.float(Math.fround(minimum))]),
    ]);
    const left = graph.node('Where', [gone, graph.float(DROPPED), score]);
    const most = graph.node('ReduceMax', [left, graph.ints([0, 1])], REDUCED);
    return {
      next: [left, graph.node('Where', [chosen, best, kept])],
      more: graph.node('GreaterOrEqual', [most, graph.constant([0], [], 'float32')]),
    };
  };
  const state = (value: string) => ({ value, type: 'float32' as const, rank: 2 });
  return graph.loop(limit < 0 ? count : scalar(limit), [state(scores), state(nothing)], step)[1];
}
