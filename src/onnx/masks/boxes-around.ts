// Boxes around masks in the graph, and how sure the masks are: one mask of each image after another, in the size of the input, as all
// at once would take gigabytes. N images, M masks, h x w cells, H x W pixels of the input.

import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import { cellNumbers } from './cell-numbers';
import { resized } from './resized';

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };
/** Beyond every column and row, and below every value of a mask. */
const FAR = 1e9;

export interface ImageFrame {
  /** The images [N, 3, H, W]. */
  image: string;
  /** Height and width of each without its padding [N, 2]. */
  sizes: string;
}

export interface AroundMasks {
  /** [N, M, 4]: from the first column and row to one past the last, zeros of a mask without pixels. */
  boxes: string;
  /** [N, M]: the mean of the sigmoid of what is in the mask. */
  certainty: string;
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

/** Boxes [N, 4] around where values [N, 1, H, W], -FAR outside of the image, are above the threshold. */
function boxAround(values: string, numbers: readonly [string, string], threshold: string, context: LoweringContext) {
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

/** Where the loop is, bool [1, M, 1, ...]. */
function isAt(run: string, places: string, context: LoweringContext, axes: number[]): string {
  const { graph } = context;
  const at = graph.node('Equal', [places, run]);
  return graph.node('Unsqueeze', [at, graph.ints(axes)]);
}

/** @param masks [N, M, h, w]; pixels whose value, interpolated, is above the threshold are in them */
export function aroundMasks(
  masks: string,
  threshold: number,
  frame: ImageFrame,
  context: LoweringContext,
): AroundMasks {
  const { graph } = context;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const inside = insideImage(frame, context);
  const numbers = [cellNumbers(frame.image, 3, context), cellNumbers(frame.image, 2, context)] as const;
  const sides = inputSides(frame, context);
  const most = graph.float(Math.fround(threshold));
  const count = graph.node('Squeeze', [graph.node('Shape', [masks], { start: 1, end: 2 }), graph.ints([0])]);
  const places = graph.node('Range', [scalar(0), count, scalar(1)]);
  const table = graph.node('Shape', [masks], { start: 0, end: 2 });
  const zeros = (shape: string) => graph.node('Expand', [graph.float(0), shape]);
  const sum = (value: string) => graph.node('ReduceSum', [value, graph.ints([2, 3])], REDUCED);
  const body = ([boxes, certainty]: string[], run: string) => {
    const at = graph.node('Unsqueeze', [run, graph.ints([0])]);
    const whole = resized(graph.node('Gather', [masks, at], { axis: 1 }), sides, graph);
    const values = graph.node('Where', [inside, whole, graph.float(-FAR)]);
    const own = graph.node('Unsqueeze', [boxAround(values, numbers, most, context), graph.ints([1])]);
    const weight = graph.node('Cast', [graph.node('Greater', [values, most])], { to: castCode('float32') });
    const likely = sum(graph.node('Mul', [graph.node('Sigmoid', [values]), weight]));
    const mean = graph.node('Div', [likely, graph.node('Add', [sum(weight), graph.float(1e-6)])]);
    return {
      next: [
        graph.node('Where', [isAt(run, places, context, [0, 2]), own, boxes]),
        graph.node('Where', [isAt(run, places, context, [0]), mean, certainty]),
      ],
      more: graph.node('Less', [run, count]),
    };
  };
  const [boxes, certainty] = graph.loop(
    count,
    [
      { value: zeros(graph.node('Concat', [table, graph.ints([4])], { axis: 0 })), type: 'float32', rank: 3 },
      { value: zeros(table), type: 'float32', rank: 2 },
    ],
    body,
  );
  return { boxes, certainty };
}
