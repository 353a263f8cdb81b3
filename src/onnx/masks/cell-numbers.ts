// 0, 1, 2, ... for every column or row of a map, float32, in the graph.

import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';

export function cellNumbers(map: string, axis: number, { graph }: LoweringContext): string {
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [map], { start: axis, end: axis + 1 }), graph.ints([0])]);
  return graph.node('Cast', [graph.node('Range', [scalar(0), count, scalar(1)])], { to: castCode('float32') });
}
