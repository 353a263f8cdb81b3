// CondInst's enlargement by a whole factor in the graph (ops/aligned-bilinear.ts): bilinear, with cells where the stride has them;
// the first values repeat.

import type { Graph } from '../graph';

/** @param maps [N, M, h, w] */
export function alignedEnlarged(maps: string, factor: number, graph: Graph): string {
  if (factor === 1) return maps;
  const repeated = (value: string, pads: number[]) => graph.node('Pad', [value, graph.ints(pads)], { mode: 'edge' });
  const sides = graph.node('Mul', [graph.node('Shape', [maps], { start: 2, end: 4 }), graph.ints([factor, factor])]);
  const count = graph.node('Shape', [maps], { start: 0, end: 2 });
  const sizes = graph.node('Concat', [count, graph.node('Add', [sides, graph.ints([1, 1])])], { axis: 0 });
  const large = graph.node('Resize', [repeated(maps, [0, 0, 0, 0, 0, 0, 1, 1]), '', '', sizes], {
    mode: 'linear',
    coordinate_transformation_mode: 'align_corners',
    antialias: 0,
    exclude_outside: 0,
    cubic_coeff_a: { float: -0.75 },
    extrapolation_value: { float: 0 },
    keep_aspect_ratio_policy: 'stretch',
    nearest_mode: 'floor',
  });
  const before = Math.floor(factor / 2);
  const shifted = repeated(large, [0, 0, before, before, 0, 0, 0, 0]);
  return graph.node('Slice', [shifted, graph.ints([0, 0]), sides, graph.ints([2, 3]), graph.ints([1, 1])]);
}
