// How long a table of detections must be, in the graph.

import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };

/** As many rows as the image with the most scores that are not dropped has, at least one: of scores [N, K], int64 [1]. */
export function mostDetections(scores: string, { graph }: LoweringContext): string {
  const valid = graph.node('Cast', [graph.node('GreaterOrEqual', [scores, graph.float(0)])], { to: castCode('int64') });
  const counts = graph.node('ReduceSum', [valid, graph.ints([1])], REDUCED);
  const largest = graph.node('ReduceMax', [counts, graph.ints([0])], { ...REDUCED, keepdims: 1 });
  return graph.node('Max', [largest, graph.ints([1])]);
}
