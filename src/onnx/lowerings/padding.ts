// Tables of the transformers that depend on the sizes of the images: which cells of a level are padding, and the boxes that the
// encoder starts from. N images, S cells over all levels.

import type { Sizes } from '../alignment';
import { castCode } from '../lowered';
import type { Call, Lowering } from '../lowering';

interface Level {
  height: Sizes;
  width: Sizes;
}

const levelsOf = (call: Call): Level[] => {
  const flat = call.numbers(({ shapes }) => shapes);
  return Array.from({ length: flat.length / 2 }, (_, l) => ({ height: flat[2 * l], width: flat[2 * l + 1] }));
};

/** A size of a map as float32 [1]. */
const float = ({ graph, dimensions }: Call, sizes: Sizes) =>
  graph.node('Cast', [dimensions.size(sizes)], { to: castCode('float32') });

/** 0, 1, 2, ... up to a size, float32. */
function range(call: Call, sizes: Sizes): string {
  const { graph } = call;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [call.dimensions.size(sizes), graph.ints([0])]);
  return graph.node('Cast', [graph.node('Range', [scalar(0), count, scalar(1)])], { to: castCode('float32') });
}

/** Of each row (axis 0) or column (1) of a level whether it is image, bool [N, size]: the full-size mask is read nearest. */
function inside(call: Call, level: Level, axis: 0 | 1): string {
  const { graph } = call;
  const sizes = axis === 0 ? level.height : level.width;
  const full = call.numbers(({ full: side }) => side)[axis];
  const ratio = graph.node('Div', [float(call, full), float(call, sizes)]);
  const read = graph.node('Floor', [graph.node('Mul', [range(call, sizes), ratio])]);
  const last = graph.node('Sub', [float(call, full), graph.float(1)]);
  const image = graph.node('Gather', [call.inputs.sizes.get({ layout: 'same', type: 'float32' }), graph.ints([axis])], {
    axis: 1,
  });
  return graph.node('Less', [graph.node('Min', [read, last]), image]);
}

/** Rows or columns of a level that are image, float32 [N, 1]. */
function extent(call: Call, level: Level, axis: 0 | 1): string {
  const { graph } = call;
  const counted = graph.node('Cast', [inside(call, level, axis)], { to: castCode('float32') });
  return graph.node('ReduceSum', [counted, graph.ints([1])], { keepdims: 1, noop_with_empty_axes: 0 });
}

/** bool [N, height, width]. */
function cellsInside(call: Call, level: Level): string {
  const { graph } = call;
  const rows = graph.node('Unsqueeze', [inside(call, level, 0), graph.ints([2])]);
  return graph.node('And', [rows, graph.node('Unsqueeze', [inside(call, level, 1), graph.ints([1])])]);
}

const PLAIN = { layout: 'same', type: 'float32' } as const;

const paddingMask: Lowering = (call) => {
  const outside = call.graph.node('Not', [cellsInside(call, levelsOf(call)[0])]);
  call.give('Cast', [outside], { to: castCode('float32') }, PLAIN);
};

const validRatios: Lowering = (call) => {
  const { graph } = call;
  const parts = levelsOf(call).map((level) => {
    const width = graph.node('Div', [extent(call, level, 1), float(call, level.width)]);
    const height = graph.node('Div', [extent(call, level, 0), float(call, level.height)]);
    return graph.node('Unsqueeze', [graph.node('Concat', [width, height], { axis: 1 }), graph.ints([1])]);
  });
  call.give('Concat', parts, { axis: 1 }, PLAIN);
};

/** Centres [N, height, width] of the cells of a level along x and y, in shares of the image, and which boxes around them are used. */
function proposals(call: Call, level: Level, index: number) {
  const { graph } = call;
  const center = (axis: 0 | 1) => {
    const places = graph.node('Add', [range(call, axis === 0 ? level.height : level.width), graph.float(0.5)]);
    const share = graph.node('Div', [places, extent(call, level, axis)]); // [N, size]
    return graph.node('Unsqueeze', [share, graph.ints([axis === 0 ? 2 : 1])]);
  };
  const [y, x] = [center(0), center(1)];
  const side = Math.fround(0.05 * 2 ** index);
  const between = (value: string) =>
    graph.node('And', [
      graph.node('Greater', [value, graph.float(0.01)]),
      graph.node('Less', [value, graph.float(0.99)]),
    ]);
  let valid = graph.node('And', [cellsInside(call, level), graph.node('And', [between(x), between(y)])]);
  if (!(side > Math.fround(0.01) && side < Math.fround(0.99)))
    valid = graph.node('And', [valid, graph.constant([0], [], 'bool')]);
  return { x, y, side, valid };
}

/** [N, h, w] of all levels as [N, S, 1]. */
function joined(call: Call, levels: string[], width: number): string {
  const { graph } = call;
  const flat = levels.map((value) => graph.node('Reshape', [value, graph.ints([0, -1, width])], { allowzero: 0 }));
  return flat.length === 1 ? flat[0] : graph.node('Concat', flat, { axis: 1 });
}

/** Before the sigmoid: log(v / (1 - v)), infinite where a box is of no use. */
const encoderProposals: Lowering = (call) => {
  const { graph } = call;
  const levels = levelsOf(call).map((level, index) => {
    const { x, y, side, valid } = proposals(call, level, index);
    const shape = graph.node('Shape', [valid]);
    const each = [x, y, graph.float(side), graph.float(side)].map((value) =>
      graph.node('Unsqueeze', [graph.node('Expand', [value, shape]), graph.ints([3])]),
    );
    const boxes = graph.node('Concat', each, { axis: 3 });
    const odds = graph.node('Div', [boxes, graph.node('Sub', [graph.float(1), boxes])]);
    const used = graph.node('Unsqueeze', [valid, graph.ints([3])]);
    return graph.node('Where', [used, graph.node('Log', [odds]), graph.float(Number.POSITIVE_INFINITY)]);
  });
  call.output.set(joined(call, levels, 4), PLAIN);
};

const encoderProposalMask: Lowering = (call) => {
  const levels = levelsOf(call).map((level, index) =>
    call.graph.node('Cast', [proposals(call, level, index).valid], { to: castCode('float32') }),
  );
  call.output.set(joined(call, levels, 1), PLAIN);
};

export const paddingLowerings: Record<string, Lowering> = {
  PaddingMask: paddingMask,
  ValidRatios: validRatios,
  EncoderProposals: encoderProposals,
  EncoderProposalMask: encoderProposalMask,
};
