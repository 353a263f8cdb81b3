// CoordConv's channels by nodes: -1 to 1 along the columns and rows of a map of any size (models/layers/coordinate-channels.ts).

import { castCode } from '../lowered';
import type { Call, Lowering } from '../lowering';

/** float32 [count], in steps as PyTorch's linspace takes them. */
function positions({ graph }: Call, count: string): string {
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const float = (value: string) => graph.node('Cast', [value], { to: castCode('float32') });
  const numbers = float(graph.node('Range', [scalar(0), count, scalar(1)]));
  const last = float(graph.node('Sub', [count, scalar(1)]));
  const step = graph.node('Div', [graph.float(2), graph.node('Max', [last, graph.float(1)])]);
  const fromFirst = graph.node('Sub', [graph.node('Mul', [step, numbers]), graph.float(1)]);
  const left = graph.node('Mul', [step, graph.node('Sub', [last, numbers])]);
  const fromLast = graph.node('Sub', [graph.float(1), left]);
  const isFirstHalf = graph.node('Less', [graph.node('Mul', [numbers, graph.float(2)]), float(count)]);
  return graph.node('Where', [isFirstHalf, fromFirst, fromLast]);
}

const coordinates: Lowering = (call) => {
  const { x } = call.inputs;
  const { graph } = call;
  const variant = { layout: 'channels-first', type: call.typeOf('follows', [x]) } as const;
  const map = x.get(variant);
  const count = (axis: number) => graph.node('Shape', [map], { start: axis, end: axis + 1 });
  const shape = graph.node('Concat', [count(0), graph.ints([1]), count(2), count(3)], { axis: 0 });
  const channels = [...(call.attrs.axes as string)].map((axis) => {
    const isColumn = axis === 'x';
    const line = positions(call, graph.node('Squeeze', [count(isColumn ? 3 : 2), graph.ints([0])]));
    const placed = graph.node('Reshape', [line, graph.ints(isColumn ? [1, 1, 1, -1] : [1, 1, -1, 1])], {
      allowzero: 0,
    });
    const typed = variant.type === 'float32' ? placed : graph.node('Cast', [placed], { to: castCode(variant.type) });
    return graph.node('Expand', [typed, shape]);
  });
  call.give('Concat', [map, ...channels], { axis: 1 }, variant);
};

export const coordinateLowerings: Record<string, Lowering> = { Coordinates: coordinates };
