// Detections with their scores multiplied, best first again, and their masks in that order; in the graph.

import type { LoweringContext } from '../lowering';
import type { GraphDetections } from '../selection/suppression';

/** Below every score that a factor makes. */
const LAST = -1e30;

/**
 * @param masks [N, M, height, width]
 * @param factors [N, M]
 */
export function rescored(
  { boxes, scores, labels, count }: GraphDetections,
  masks: string,
  factors: string,
  { graph }: LoweringContext,
): { detections: GraphDetections; value: string } {
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const product = graph.node('Where', [valid, graph.node('Mul', [scores, factors]), graph.float(LAST)]);
  const total = graph.node('Shape', [scores], { start: 1, end: 2 });
  const [best, index] = graph.nodeOf('TopK', [product, total], { axis: 1, largest: 1, sorted: 1 }, 2);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  const found = take(labels);
  const isFound = graph.node('GreaterOrEqual', [found, graph.constant([0], [], 'int64')]);
  return {
    detections: {
      boxes: take(boxes),
      scores: graph.node('Where', [isFound, best, graph.float(0)]),
      labels: found,
      count,
    },
    value: take(masks),
  };
}
