// Bilinear samples of a map at points of RoIs in the graph, zero outside of the map: the RoIs of an image are one grid.

import type { Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';

/**
 * [K, P, C].
 *
 * @param boxes xyxy in pixels of the input [N, M, 4]
 * @param points x and y in the RoI, 0 to 1: [N, M, P, 2], or what broadcasts to it
 * @param options.count P
 * @param options.scale of the map
 */
export function sampleInRois(
  map: Lowered,
  boxes: string,
  points: string,
  { count, scale }: { count: number; scale: number },
  { graph }: LoweringContext,
): string {
  const corner = (from: number) => {
    const two = [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])];
    return graph.node('Unsqueeze', [graph.node('Slice', two), graph.ints([2])]);
  };
  const low = corner(0); // [N, M, 1, 2]
  const size = graph.node('Sub', [corner(2), low]);
  const value = map.get({ layout: 'channels-first', type: 'float32' });
  const sides = graph.node('Gather', [graph.node('Shape', [value], { start: 2, end: 4 }), graph.ints([1, 0])], {
    axis: 0,
  });
  const pixels = graph.node('Add', [graph.node('Mul', [points, size]), low]);
  const shares = graph.node('Div', [pixels, graph.node('Cast', [sides], { to: 1 })]);
  // -1 and 1 are the edges
  const grid = graph.node('Sub', [graph.node('Mul', [shares, graph.float(2 * scale)]), graph.float(1)]);
  const attributes = { align_corners: 0, mode: 'linear', padding_mode: 'zeros' };
  const samples = graph.node('GridSample', [value, grid], attributes); // [N, C, M, P]
  const rows = graph.node('Transpose', [samples], { perm: [0, 2, 3, 1] });
  return graph.node('Reshape', [rows, graph.ints([-1, count, map.shape[3]])], { allowzero: 0 });
}
