// IoU of every two boxes of two lists, in the graph.

import type { Graph } from '../graph';

/** Areas are at least this. */
const MIN_AREA = 1e-6;

/** IoU [N, M, P] of boxes [N, M, 4] and [N, P, 4]. */
export function overlaps(a: string, b: string, graph: Graph): string {
  const corner = (of: string, from: number, axis: number) => {
    const two = [of, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])];
    return graph.node('Unsqueeze', [graph.node('Slice', two), graph.ints([axis])]);
  };
  const [lowA, highA, lowB, highB] = [corner(a, 0, 2), corner(a, 2, 2), corner(b, 0, 1), corner(b, 2, 1)];
  const product = (sides: string) =>
    graph.node('ReduceProd', [sides, graph.ints([3])], { keepdims: 0, noop_with_empty_axes: 0 });
  const area = (low: string, high: string) => product(graph.node('Sub', [high, low]));
  const sides = graph.node('Sub', [graph.node('Min', [highA, highB]), graph.node('Max', [lowA, lowB])]);
  const overlap = product(graph.node('Max', [sides, graph.float(0)]));
  const both = graph.node('Add', [area(lowA, highA), area(lowB, highB)]);
  const union = graph.node('Max', [graph.node('Sub', [both, overlap]), graph.float(MIN_AREA)]);
  return graph.node('Div', [overlap, union]);
}
