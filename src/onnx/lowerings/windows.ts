// Windows of a map, shifted or not (Swin Transformer): all lengths are computed in the graph, so that a map of any size is filled up
// to whole windows.

import { castCode, type Lowered, type Variant } from '../lowered';
import type { Call, Lowering } from '../lowering';

const END = 2 ** 31 - 1;

interface Windows {
  /** Of the map, int64 [1]. */
  sides: readonly [string, string];
  /** Windows along each side. */
  counts: readonly [string, string];
  /** Whole windows in pixels. */
  lengths: readonly [string, string];
}

function windowsOf(call: Call, x: Lowered): Windows {
  const { graph, dimensions } = call;
  const size = graph.ints([call.attrs.size]);
  const each = <T>(make: (axis: 1 | 2) => T): readonly [T, T] => [make(1), make(2)];
  const sides = each((axis) => dimensions.size(x.tensor.shape[axis]));
  const counts = each((axis) => {
    const up = graph.node('Add', [sides[axis - 1], graph.ints([call.attrs.size - 1])]);
    return graph.node('Div', [up, size]);
  });
  return { sides, counts, lengths: each((axis) => graph.node('Mul', [counts[axis - 1], size])) };
}

/** The first `at` rows and columns to the end; of a negative number the last ones to the start. */
function rolled(call: Call, x: string, at: number): string {
  const { graph } = call;
  return [1, 2].reduce((value, axis) => {
    const cut = (from: number, to: number) =>
      graph.node('Slice', [value, graph.ints([from]), graph.ints([to]), graph.ints([axis]), graph.ints([1])]);
    return graph.node('Concat', [cut(at, END), cut(0, at)], { axis });
  }, x);
}

const partition: Lowering = (call) => {
  const { x } = call.inputs;
  const { graph, dimensions } = call;
  const { size, shift } = call.attrs;
  const variant: Variant = { layout: 'same', type: call.typeOf('follows', [x]) };
  const { sides, counts, lengths } = windowsOf(call, x);
  const missing = [0, 1].map((side) => graph.node('Sub', [lengths[side], sides[side]]));
  const pads = graph.node('Concat', [graph.ints([0, 0, 0, 0, 0]), ...missing, graph.ints([0])], { axis: 0 });
  const padded = graph.node('Pad', [x.get(variant), pads, call.scalar(0, variant.type)], { mode: 'constant' });
  const [batch, , , channels] = x.tensor.shape;
  const side = graph.ints([size]);
  const cells = graph.node(
    'Concat',
    [dimensions.size(batch), counts[0], side, counts[1], side, dimensions.size(channels)],
    { axis: 0 },
  );
  const cut = graph.node('Reshape', [shift > 0 ? rolled(call, padded, shift) : padded, cells], { allowzero: 0 });
  const moved = graph.node('Transpose', [cut], { perm: [0, 1, 3, 2, 4, 5] });
  call.give('Reshape', [moved, graph.ints([-1, size * size, channels[0]])], { allowzero: 0 }, variant);
};

const join: Lowering = (call) => {
  const { attended, x } = call.inputs;
  const { graph, dimensions } = call;
  const { size, shift } = call.attrs;
  const variant: Variant = { layout: 'same', type: call.typeOf('follows', [attended]) };
  const { sides, counts, lengths } = windowsOf(call, x);
  const [batch, , , channels] = x.tensor.shape;
  const list = (parts: string[]) =>
    graph.node('Concat', [dimensions.size(batch), ...parts, dimensions.size(channels)], { axis: 0 });
  const cells = list([...counts, graph.ints([size, size])]);
  const cut = graph.node('Reshape', [attended.get(variant), cells], { allowzero: 0 });
  const moved = graph.node('Transpose', [cut], { perm: [0, 1, 3, 2, 4, 5] });
  const whole = graph.node('Reshape', [moved, list([...lengths])], { allowzero: 0 });
  const back = shift > 0 ? rolled(call, whole, -shift) : whole;
  const ends = graph.node('Concat', [...sides], { axis: 0 });
  call.give('Slice', [back, graph.ints([0, 0]), ends, graph.ints([1, 2]), graph.ints([1, 1])], {}, variant);
};

/** -100 for two pixels of a window that lay apart before the shift, else 0: [windows, 1, L, L]. */
const shiftMask: Lowering = (call) => {
  const { graph } = call;
  const { size, shift } = call.attrs;
  const { counts, lengths } = windowsOf(call, call.inputs.x);
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const parts = lengths.map((length) => {
    const range = graph.node('Range', [scalar(0), graph.node('Squeeze', [length, graph.ints([0])]), scalar(1)]);
    const beyond = (last: number) => {
      const from = graph.node('Sub', [length, graph.ints([last])]);
      return graph.node('Cast', [graph.node('GreaterOrEqual', [range, from])], { to: castCode('int64') });
    };
    return graph.node('Add', [beyond(size), beyond(shift)]);
  });
  const rows = graph.node('Mul', [graph.node('Unsqueeze', [parts[0], graph.ints([1])]), graph.ints([3])]);
  const table = graph.node('Add', [rows, graph.node('Unsqueeze', [parts[1], graph.ints([0])])]); // [H, W]
  const side = graph.ints([size]);
  const cells = graph.node('Concat', [counts[0], side, counts[1], side], { axis: 0 });
  const cut = graph.node('Reshape', [table, cells], { allowzero: 0 });
  const moved = graph.node('Transpose', [cut], { perm: [0, 2, 1, 3] });
  const windows = graph.node('Reshape', [moved, graph.ints([-1, size * size])], { allowzero: 0 });
  const same = graph.node('Equal', [
    graph.node('Unsqueeze', [windows, graph.ints([1, 2])]),
    graph.node('Unsqueeze', [windows, graph.ints([1, 3])]),
  ]);
  call.give('Where', [same, graph.float(0), graph.float(-100)], {}, { layout: 'same', type: 'float32' });
};

/** Position embeddings of a grid, resized to the patches of a map; what comes before them stays. */
const resizedPositions: Lowering = (call) => {
  const { map, table } = call.inputs;
  const { grid, extra, mode } = call.attrs;
  const { graph, dimensions } = call;
  const [height, width] = grid;
  const channels = table.shape[2];
  const values = table.values!;
  const first = new Float32Array(channels * height * width);
  for (let c = 0, to = 0; c < channels; c++)
    for (let i = 0; i < height * width; i++) first[to++] = values[(extra + i) * channels + c];
  const [, h, w] = map.tensor.shape;
  const one = h.map(() => 1);
  const sizes = dimensions.list([one, one.map(() => channels), h, w]);
  const attributes = {
    antialias: 0,
    coordinate_transformation_mode: mode === 'nearest' ? 'asymmetric' : 'half_pixel',
    cubic_coeff_a: { float: -0.75 },
    exclude_outside: 0,
    extrapolation_value: { float: 0 },
    keep_aspect_ratio_policy: 'stretch',
    mode: mode === 'bicubic' ? 'cubic' : mode === 'bilinear' ? 'linear' : 'nearest',
    nearest_mode: mode === 'nearest-exact' ? 'round_prefer_ceil' : 'floor',
  };
  if (mode === 'area') throw new Error('positions that are resized by area');
  const source = graph.constant(first, [1, channels, height, width], 'float32', table.tensor.name);
  const resized = graph.node('Resize', [source, '', '', sizes], attributes);
  const moved = graph.node('Transpose', [resized], { perm: [0, 2, 3, 1] });
  const rows = graph.node('Reshape', [moved, graph.ints([1, -1, channels])], { allowzero: 0 });
  const plain = { layout: 'same', type: 'float32' } as const;
  if (extra === 0) {
    call.output.set(rows, plain);
    return;
  }
  const tokens = graph.constant(
    Array.prototype.slice.call(values, 0, extra * channels),
    [1, extra, channels],
    'float32',
  );
  call.give('Concat', [tokens, rows], { axis: 1 }, plain);
};

export const windowLowerings: Record<string, Lowering> = {
  WindowPartition: partition,
  WindowJoin: join,
  WindowShiftMask: shiftMask,
  ResizedPositions: resizedPositions,
};
