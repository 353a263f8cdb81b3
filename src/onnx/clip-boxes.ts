// Boxes within their images, in the graph.

import { castCode } from './lowered';
import type { LoweringContext } from './lowering';

/** Boxes [N, T, 4] within the images, whose sizes are [N, 2]. */
export function clip(boxes: string, sizes: string, { graph }: LoweringContext, margin = 0): string {
  const float = graph.node('Cast', [sizes], { to: castCode('float32') });
  const sides = graph.node('Gather', [float, graph.ints([1, 0, 1, 0])], { axis: 1 });
  const edges = graph.node('Unsqueeze', [sides, graph.ints([1])]);
  const limits = margin === 0 ? edges : graph.node('Sub', [edges, graph.float(margin)]);
  return graph.node('Min', [graph.node('Max', [boxes, graph.float(0)]), limits]);
}
