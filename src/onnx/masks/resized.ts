// Maps resized bilinearly in the graph, corners not aligned.

import type { Graph } from '../graph';

/** @param size int64 [2], height and width to which maps [N, M, h, w] are brought */
export function resized(maps: string, size: string, graph: Graph): string {
  const count = graph.node('Shape', [maps], { start: 0, end: 2 });
  return graph.node('Resize', [maps, '', '', graph.node('Concat', [count, size], { axis: 0 })], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
    antialias: 0,
    exclude_outside: 0,
    cubic_coeff_a: { float: -0.75 },
    extrapolation_value: { float: 0 },
    keep_aspect_ratio_policy: 'stretch',
    nearest_mode: 'floor',
  });
}
