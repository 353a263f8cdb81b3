// Boxes around masks in the graph, and how sure the masks are: one mask of each image after another, in the size of the input, as all
// at once would take gigabytes. N images, M masks, h x w cells, H x W pixels of the input.

import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import {
  boxAround,
  FAR,
  type ImageFrame,
  inputSides,
  insideImage,
  isAt,
  pixelNumbers,
  placesAlong,
} from './image-frame';
import { resized } from './resized';

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };

export interface AroundMasks {
  /** [N, M, 4]: from the first column and row to one past the last, zeros of a mask without pixels. */
  boxes: string;
  /** [N, M]: the mean of the sigmoid of what is in the mask. */
  certainty: string;
}

/** @param masks [N, M, h, w]; pixels whose value, interpolated, is above the threshold are in them */
export function aroundMasks(
  masks: string,
  threshold: number,
  frame: ImageFrame,
  context: LoweringContext,
): AroundMasks {
  const { graph } = context;
  const inside = insideImage(frame, context);
  const numbers = pixelNumbers(frame, context);
  const sides = inputSides(frame, context);
  const most = graph.float(Math.fround(threshold));
  const { places, count } = placesAlong(masks, 1, context);
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
