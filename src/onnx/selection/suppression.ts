// NMS in the graph, and the table of detections of each image. Runtimes differ on boxes whose IoU is the threshold exactly: ONNX
// Runtime keeps them, as DetLab does, OpenVINO drops them. The threshold is raised by one step of single precision, so that both
// keep them.

import { DetLabError } from '../../errors';
import type { NmsConfig } from '../../ops';
import type { Graph } from '../graph';
import type { LoweringContext } from '../lowering';
import { mostDetections } from './most-detections';
import { DROPPED, type Pairs } from './pairs';
import { softSuppressed } from './soft-suppression';

export interface SuppressionOptions {
  nms: NmsConfig | null;
  /** Detections of an image at most; negative: all. */
  limit: number;
  /** Smallest width and height; negative: any. */
  minSize: number;
}

/** Values of the graph. */
export interface GraphDetections {
  /** [N, M, 4]; [N, M, 5] of rotated boxes. */
  boxes: string;
  rotated?: boolean;
  /** [N, M], best first; 0 where there is none. */
  scores: string;
  /** int64 [N, M]; -1 where there is none. */
  labels: string;
  /** int64 [N, M], of candidates that say theirs; of any prior where there is none. */
  priors?: string;
  /** M, where it is known. */
  count: number | undefined;
  /** Whether the boxes are those around the masks, in pixels of the input. */
  around?: boolean;
}

/** The next larger number in single precision. */
export function nextFloat(value: number): number {
  const single = new Float32Array([value]);
  new Int32Array(single.buffer)[0] += 1;
  return single[0];
}

/** Boxes [N, S, 4] as NMS compares them: those of different classes apart. */
function placedBoxes(
  { boxes, labels, ids = labels, rotated }: Pairs,
  scores: string,
  { offset = 0, class_agnostic = false }: NmsConfig,
  { graph }: LoweringContext,
): string {
  let placed = boxes;
  if (!class_agnostic) {
    // boxes of class k are moved by k times the largest coordinate and one
    const valid = graph.node('GreaterOrEqual', [scores, graph.float(0)]);
    const each = graph.node('Unsqueeze', [valid, graph.ints([2])]);
    const some = graph.node('Where', [each, boxes, graph.float(-1e9)]);
    const largest = (value: string) =>
      graph.node('ReduceMax', [value, graph.ints([1, 2])], { keepdims: 1, noop_with_empty_axes: 0 });
    const part = (from: number) =>
      graph.node('Slice', [some, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
    // of rotated boxes the centers, by the largest coordinate of one and the largest side
    const farthest = rotated ? graph.node('Add', [largest(part(0)), largest(part(2))]) : largest(some);
    const step = graph.node('Add', [farthest, graph.float(1)]);
    const groups = graph.node('Unsqueeze', [graph.node('Cast', [ids], { to: 1 }), graph.ints([2])]);
    const moved = graph.node('Mul', [groups, step]);
    const centers = graph.constant([1, 1, 0, 0, 0], [5], 'float32');
    placed = graph.node('Add', [boxes, rotated ? graph.node('Mul', [moved, centers]) : moved]);
  }
  // widths and heights that count both edges
  return offset ? graph.node('Add', [placed, graph.constant([0, 0, offset, offset], [4], 'float32')]) : placed;
}

/** A score that is not 0, as those of suppressed boxes become. */
const SMALLEST = 1e-30;

/** Scores [N, S] of the pairs that NMS keeps; the others are dropped. */
function suppressed(pairs: Pairs, nms: NmsConfig, limit: number, context: LoweringContext): string {
  const { graph } = context;
  const { type = 'nms', iou_threshold: threshold, score_threshold: minimum = 0 } = nms;
  const most = nms.max_num && nms.max_num > 0 ? Math.min(nms.max_num, limit < 0 ? nms.max_num : limit) : limit;
  if (type === 'soft_nms') {
    const { scores } = pairs;
    return softSuppressed({ boxes: placedBoxes(pairs, scores, nms, context), scores }, nms, most, context);
  }
  if (threshold === undefined) throw new DetLabError('the nms config has no iou_threshold');
  if (pairs.sets || pairs.rotated) {
    const { scores, sets, rotated } = pairs;
    // rotated boxes go at the threshold too
    const iou_threshold = rotated ? Math.fround(threshold) : nextFloat(threshold);
    const placed = { boxes: placedBoxes(pairs, scores, nms, context), scores, sets, rotated };
    return softSuppressed(placed, { method: 'naive', iou_threshold, min_score: SMALLEST }, most, context);
  }
  const above = graph.node('Greater', [pairs.scores, graph.float(minimum)]);
  const scores = minimum > 0 ? graph.node('Where', [above, pairs.scores, graph.float(DROPPED)]) : pairs.scores;
  const inputs = [
    upright(placedBoxes(pairs, scores, nms, context), graph),
    graph.node('Unsqueeze', [scores, graph.ints([1])]),
    graph.constant([most < 0 ? 2 ** 31 - 1 : most], [1], 'int64'),
    graph.constant([nextFloat(threshold)], [1], 'float32'),
    // what is dropped has -1; a score of 0 is kept
    graph.constant([DROPPED / 2], [1], 'float32'),
  ];
  const selected = graph.node('NonMaxSuppression', inputs, { center_point_box: 0 }); // [K, 3]: image, 0, pair
  const places = graph.node('Gather', [selected, graph.ints([0, 2])], { axis: 1 });
  const dropped = graph.node('Expand', [graph.float(DROPPED), graph.node('Shape', [scores])]);
  const kept = graph.node('GatherND', [scores, places], { batch_dims: 0 });
  return graph.node('ScatterND', [dropped, places, kept], { reduction: 'none' });
}

/**
 * Boxes whose corners have changed places overlap nothing here, as heads whose distances may be negative give them. Runtimes take
 * any two opposite corners: without an area such boxes overlap nothing there either.
 */
function upright(boxes: string, graph: Graph): string {
  const corner = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const low = corner(0);
  return graph.node('Concat', [low, graph.node('Max', [low, corner(2)])], { axis: 2 });
}

/** The detections of each image, best first, in a table that is filled up. */
export function detectionTable(pairs: Pairs, options: SuppressionOptions, context: LoweringContext): GraphDetections {
  const { graph } = context;
  const { nms, limit, minSize } = options;
  const large = minSize >= 0 ? largeEnough(pairs, minSize, context) : pairs.scores;
  const scores = nms ? suppressed({ ...pairs, scores: large }, nms, limit, context) : large;
  const isFixed = pairs.count.every((n) => n === pairs.count[0]);
  const most = limit < 0 ? undefined : isFixed ? Math.min(limit, pairs.count[0]) : undefined;
  const total = isFixed ? graph.ints([pairs.count[0]]) : graph.node('Shape', [scores], { start: 1, end: 2 });
  let k: string;
  if (most !== undefined) k = graph.ints([most]);
  else if (limit >= 0) k = graph.node('Min', [total, graph.ints([limit])]);
  else k = mostDetections(scores, context);
  const [best, index] = graph.nodeOf('TopK', [scores, k], { axis: 1, largest: 1, sorted: 1 }, 2);
  const valid = graph.node('GreaterOrEqual', [best, graph.float(0)]);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const boxes = graph.node('GatherND', [pairs.boxes, at], { batch_dims: 1 });
  const labels = graph.node('GatherND', [pairs.labels, at], { batch_dims: 1 });
  const each = graph.node('Unsqueeze', [valid, graph.ints([2])]);
  return {
    boxes: graph.node('Where', [each, boxes, graph.float(0)]),
    scores: graph.node('Where', [valid, best, graph.float(0)]),
    labels: graph.node('Where', [valid, labels, graph.constant([-1], [], 'int64')]),
    priors: pairs.priors && graph.node('GatherND', [pairs.priors, at], { batch_dims: 1 }),
    count: most,
    rotated: pairs.rotated,
  };
}

/** Scores of the boxes that are wider and higher than the minimum. */
function largeEnough({ boxes, scores, rotated }: Pairs, minSize: number, { graph }: LoweringContext): string {
  const corner = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const size = rotated ? corner(2) : graph.node('Sub', [corner(2), corner(0)]);
  const smallest = graph.node('ReduceMin', [size, graph.ints([2])], { keepdims: 0, noop_with_empty_axes: 0 });
  const large = graph.node('Greater', [smallest, graph.float(minSize)]);
  return graph.node('Where', [large, scores, graph.float(DROPPED)]);
}
