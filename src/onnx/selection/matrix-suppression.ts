// Matrix NMS in the graph (ops/matrix-nms.ts): all pairs of masks at once, as it is defined. N images, K masks, P pixels of a map.

import type { MatrixNmsOptions } from '../../ops/matrix-nms';
import type { Graph } from '../graph';

export interface GraphMaskScores {
  /** 0 and 1, float32 [N, K, P], of falling scores. */
  inside: string;
  /** Pixels of each [N, K]. */
  areas: string;
  /** int64 [N, K]. */
  labels: string;
  /** [N, K]; below 0 those that are dropped, which are last. */
  scores: string;
}

/** How an overlap lowers a score. */
function decay(iou: string, { kernel, sigma }: MatrixNmsOptions, graph: Graph): string {
  if (kernel === 'linear') return graph.node('Sub', [graph.float(1), iou]);
  return graph.node('Exp', [graph.node('Mul', [graph.node('Mul', [iou, iou]), graph.float(-sigma)])]);
}

/** The decayed scores [N, K]. */
export function matrixSuppressed(
  { inside, areas, labels, scores }: GraphMaskScores,
  options: MatrixNmsOptions,
  graph: Graph,
): string {
  const row = (value: string) => graph.node('Unsqueeze', [value, graph.ints([2])]);
  const column = (value: string) => graph.node('Unsqueeze', [value, graph.ints([1])]);
  const shared = graph.node('MatMul', [inside, graph.node('Transpose', [inside], { perm: [0, 2, 1] })]);
  const union = graph.node('Sub', [graph.node('Add', [row(areas), column(areas)]), shared]);
  const iou = graph.node('Div', [shared, graph.node('Max', [union, graph.float(1)])]);
  const ofClass = graph.node('Where', [graph.node('Equal', [row(labels), column(labels)]), iou, graph.float(0)]);
  // row i, column j: the overlap of mask j with a better one, i
  const better = graph.node('Trilu', [ofClass, graph.constant([1], [], 'int64')], { upper: 1 });
  const reduced = { keepdims: 0, noop_with_empty_axes: 0 };
  const covered = decay(graph.node('ReduceMax', [better, graph.ints([1])], reduced), options, graph);
  const ratio = graph.node('Div', [decay(better, options, graph), row(covered)]);
  // one that is covered wholly says nothing
  const says = graph.node('Greater', [row(covered), graph.float(0)]);
  const factors = graph.node(
    'ReduceMin',
    [graph.node('Where', [says, ratio, graph.float(1)]), graph.ints([1])],
    reduced,
  );
  return graph.node('Mul', [scores, graph.node('Min', [factors, graph.float(1)])]);
}
