// Masks over their boxes, pasted into the input in the graph (masks/paste-mask.ts): sampled bilinearly at every pixel's center, zero
// outside of the grid. N images, h x w cells of the grids, H x W pixels of the input.

import type { LoweringContext } from '../lowering';
import { cellNumbers } from '../masks/cell-numbers';
import { cut } from '../masks/cut';

/** By row and by column: the pixels of the input [H] or [W], and the cells of the grids [h] or [w]. */
export interface PastedAxes {
  pixels: readonly [string, string];
  cells: readonly [string, string];
}

/** @param masks [N, M, h, w] */
export const pastedAxes = (masks: string, image: string, context: LoweringContext): PastedAxes => ({
  pixels: [cellNumbers(image, 2, context), cellNumbers(image, 3, context)],
  cells: [cellNumbers(masks, 2, context), cellNumbers(masks, 3, context)],
});

/** How much each cell is in each pixel of an axis, [N, pixels, cells]; 0 further than a pixel from the box. */
function weights(low: string, high: string, pixels: string, cells: string, context: LoweringContext): string {
  const { graph } = context;
  const side = graph.node('Sub', [high, low]);
  const center = graph.node('Add', [pixels, graph.float(0.5)]);
  const isFlat = graph.node('Equal', [side, graph.float(0)]);
  const share = graph.node('Div', [
    graph.node('Sub', [center, low]),
    graph.node('Where', [isFlat, graph.float(1), side]),
  ]);
  const placed = graph.node('Where', [isFlat, graph.float(0.5), share]); // [N, pixels]
  const count = graph.node('Cast', [graph.node('Shape', [cells])], { to: 1 });
  const cell = graph.node('Sub', [graph.node('Mul', [placed, count]), graph.float(0.5)]);
  const apart = graph.node('Abs', [graph.node('Sub', [graph.node('Unsqueeze', [cell, graph.ints([2])]), cells])]);
  const near = graph.node('Max', [graph.node('Sub', [graph.float(1), apart]), graph.float(0)]);
  const from = graph.node('Sub', [graph.node('Floor', [low]), graph.float(1)]);
  const to = graph.node('Add', [graph.node('Ceil', [high]), graph.float(1)]);
  const isInside = graph.node('And', [graph.node('GreaterOrEqual', [pixels, from]), graph.node('Less', [pixels, to])]);
  return graph.node('Where', [graph.node('Unsqueeze', [isInside, graph.ints([2])]), near, graph.float(0)]);
}

/**
 * Probabilities of every pixel [N, 1, H, W].
 *
 * @param grid one mask of each image [N, 1, h, w]
 * @param box [N, 1, 4]
 */
export function pasted(grid: string, box: string, { pixels, cells }: PastedAxes, context: LoweringContext): string {
  const { graph } = context;
  const flat = graph.node('Squeeze', [box, graph.ints([1])]); // [N, 4]
  const corner = (from: number) => cut(flat, 1, from, from + 1, graph);
  const rows = weights(corner(1), corner(3), pixels[0], cells[0], context);
  const columns = weights(corner(0), corner(2), pixels[1], cells[1], context);
  const own = graph.node('Squeeze', [grid, graph.ints([1])]); // [N, h, w]
  const across = graph.node('MatMul', [own, graph.node('Transpose', [columns], { perm: [0, 2, 1] })]);
  return graph.node('Unsqueeze', [graph.node('MatMul', [rows, across]), graph.ints([1])]);
}
