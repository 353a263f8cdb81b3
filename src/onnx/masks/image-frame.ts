// Pixels of the input in the graph: which are of the image, and the box around some of them. N images, H x W pixels.

import type { ExportInputs } from '../export-network';
import type { Dimension } from '../graph';
import type { LoweringContext } from '../lowering';
import { cellNumbers } from './cell-numbers';

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };
/** Beyond every column and row, and below every value of a mask. */
export const FAR = 1e9;

export interface ImageFrame {
  /** The images [N, 3, H, W]. */
  image: string;
  /** Height and width of each without its padding [N, 2]. */
  sizes: string;
}

/** Height and width of the input, int64 [2]. */
export const inputSides = ({ image }: ImageFrame, { graph }: LoweringContext): string =>
  graph.node('Shape', [image], { start: 2, end: 4 });

/** Which pixels of the input are of the image and not its padding, bool [N, 1, H, W]. */
export function insideImage({ image, sizes }: ImageFrame, context: LoweringContext): string {
  const { graph } = context;
  const before = (axis: 0 | 1, shape: number[]) => {
    const numbers = graph.node('Reshape', [cellNumbers(image, 2 + axis, context), graph.ints(shape)], { allowzero: 0 });
    const side = graph.node('Gather', [sizes, graph.ints([axis])], { axis: 1 });
    return graph.node('Less', [numbers, graph.node('Unsqueeze', [side, graph.ints([2, 3])])]);
  };
  return graph.node('And', [before(0, [1, 1, -1, 1]), before(1, [1, 1, 1, -1])]);
}

/** Columns and rows of the input: 0, 1, 2, ... float32. */
export const pixelNumbers = ({ image }: ImageFrame, context: LoweringContext): readonly [string, string] => [
  cellNumbers(image, 3, context),
  cellNumbers(image, 2, context),
];

/**
 * Boxes [N, 4] around where values [N, 1, H, W], -FAR outside of the image, are above the threshold: from the first column and row to
 * one past the last, zeros where none is.
 */
export function boxAround(
  values: string,
  numbers: readonly [string, string],
  threshold: string,
  context: LoweringContext,
): string {
  const { graph } = context;
  const ends = ([2, 3] as const).map((axis, k) => {
    const highest = graph.node('ReduceMax', [values, graph.ints([1, axis])], REDUCED); // of columns, then of rows
    const on = graph.node('Greater', [highest, threshold]);
    const chosen = (reduction: string, places: string, otherwise: number) =>
      graph.node(reduction, [graph.node('Where', [on, places, graph.float(otherwise)]), graph.ints([1])], {
        ...REDUCED,
        keepdims: 1,
      });
    const next = graph.node('Add', [numbers[k], graph.float(1)]);
    return [chosen('ReduceMin', numbers[k], FAR), chosen('ReduceMax', next, -FAR)];
  });
  const box = graph.node('Concat', [ends[0][0], ends[1][0], ends[0][1], ends[1][1]], { axis: 1 });
  const some = graph.node('Less', [ends[0][0], graph.float(FAR)]);
  return graph.node('Where', [some, box, graph.float(0)]);
}

/** Where a loop over M things is, bool [1, M, 1, ...]; `places` are 0, 1, ... M - 1. */
export function isAt(run: string, places: string, context: LoweringContext, axes: number[]): string {
  const { graph } = context;
  const at = graph.node('Equal', [places, run]);
  return graph.node('Unsqueeze', [at, graph.ints(axes)]);
}

/** Height and width of the input, for the shape of an output. */
export const inputDimensions = (examples: ExportInputs['examples']): Dimension[] =>
  (['height', 'width'] as const).map((name, k) => {
    const sizes = examples.map(({ shape }) => shape[1 + k]);
    return sizes.every((size) => size === sizes[0]) ? sizes[0] : name;
  });

/** 0, 1, ... along an axis of a value, int64, and how many there are, int64 []. */
export function placesAlong(
  value: string,
  axis: number,
  { graph }: LoweringContext,
): { places: string; count: string } {
  const scalar = (number: number) => graph.constant([number], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [value], { start: axis, end: axis + 1 }), graph.ints([0])]);
  return { places: graph.node('Range', [scalar(0), count, scalar(1)]), count };
}
