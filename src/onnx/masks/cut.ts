// A part of a value along one axis, in the graph.

import type { Graph } from '../graph';

export const cut = (value: string, axis: number, from: number, to: number, graph: Graph): string =>
  graph.node('Slice', [value, graph.ints([from]), graph.ints([to]), graph.ints([axis]), graph.ints([1])]);
