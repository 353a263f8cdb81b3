// Deformable convolution by GridSample and a matrix product: every tap of the filter samples the map at its own place. ONNX has an
// operator of its own for it, which not every runtime has.

import { DetLabError } from '../../errors';
import { isFixed, type Sizes } from '../alignment';
import type { Lowered } from '../lowered';
import { castCode } from '../lowered';
import type { Call, Lowering } from '../lowering';

type Pair = readonly [number, number];

/** Where a tap reads without an offset: output * stride - padding + tap * dilation. */
interface Lattice {
  strides: Pair;
  padding: Pair;
  dilations: Pair;
  kernel: Pair;
}

/** Places of all taps along one axis as float32, [taps, H', W'] with the axes broadcast: of a tap k, `at(k)` is its row or column. */
function places(call: Call, sizes: Sizes, axis: 0 | 1, { strides, padding, dilations, kernel }: Lattice): string {
  const { graph } = call;
  const taps = Array.from({ length: kernel[0] * kernel[1] }, (_, k) =>
    axis === 0 ? Math.floor(k / kernel[1]) : k % kernel[1],
  );
  const starts = taps.map((tap) => tap * dilations[axis] - padding[axis]);
  const shape = axis === 0 ? [1, -1, 1] : [1, 1, -1];
  const first = graph.constant(starts, [taps.length, 1, 1], 'float32');
  if (isFixed(sizes)) {
    const steps = Array.from({ length: sizes[0] }, (_, i) => i * strides[axis]);
    const across = axis === 0 ? [1, sizes[0], 1] : [1, 1, sizes[0]];
    return graph.node('Add', [first, graph.constant(steps, across, 'float32')]);
  }
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [call.dimensions.size(sizes), graph.ints([0])]);
  const range = graph.node('Cast', [graph.node('Range', [scalar(0), count, scalar(1)])], { to: castCode('float32') });
  const steps = graph.node('Mul', [
    graph.node('Reshape', [range, graph.ints(shape)], { allowzero: 0 }),
    graph.float(strides[axis]),
  ]);
  return graph.node('Add', [first, steps]);
}

/** Pixels to GridSample's -1 .. 1 over the edges of the map. */
function normalized(call: Call, pixels: string, sizes: Sizes): string {
  const { graph } = call;
  const length = isFixed(sizes)
    ? graph.float(sizes[0])
    : graph.node('Cast', [call.dimensions.size(sizes)], { to: castCode('float32') });
  const doubled = graph.node('Add', [graph.node('Mul', [pixels, graph.float(2)]), graph.float(1)]);
  return graph.node('Sub', [graph.node('Div', [doubled, length]), graph.float(1)]);
}

/** The filter [kh, kw, in, out] as [groups, out / groups, in * taps], or without groups [out, in * taps]. */
const filterRows = (call: Call, filter: Lowered, groups: number): string =>
  filter.once(`rows ${groups}`, () => constantRows(call, filter, groups));

function constantRows(call: Call, filter: Lowered, groups: number): string {
  const [kh, kw, cin, cout] = filter.shape;
  const taps = kh * kw;
  if (!filter.isConstant)
    throw new DetLabError('a deformable convolution whose filter is computed has no form in ONNX');
  const values = filter.values!;
  const rows = new Float32Array(values.length);
  for (let o = 0, to = 0; o < cout; o++)
    for (let i = 0; i < cin; i++) for (let k = 0; k < taps; k++) rows[to++] = values[(k * cin + i) * cout + o];
  const shape = groups === 1 ? [cout, cin * taps] : [groups, cout / groups, cin * taps];
  return call.graph.constant(rows, shape, 'float32', filter.tensor.name);
}

const deformConv2d: Lowering = (call) => {
  const { x, offset, mask, filter } = call.inputs;
  const { strides, padding, dilations, groups, deformGroups: parts } = call.attrs;
  const { graph, dimensions } = call;
  const [kh, kw] = filter.shape;
  const taps = kh * kw;
  const [n, h, w, channels] = x.tensor.shape;
  const [, height, width, outputs] = call.output.tensor.shape;
  const plain = { layout: 'same', type: 'float32' } as const;
  const first = { layout: 'channels-first', type: 'float32' } as const;
  const reshape = (value: string, shape: string) => graph.node('Reshape', [value, shape], { allowzero: 0 });
  const constants = (...list: number[]): Sizes[] => list.map((size) => n.map(() => size));
  const lattice = { strides, padding, dilations, kernel: [kh, kw] } as Lattice;
  // [N, H', W', parts * taps * 2] -> [N, parts, taps, H', W'] of y and of x
  const grouped = reshape(offset.get(plain), dimensions.list([n, height, width, ...constants(parts, taps, 2)]));
  const moved = graph.node('Transpose', [grouped], { perm: [0, 3, 4, 1, 2, 5] });
  const coordinate = (axis: 0 | 1): string => {
    const shift = graph.node('Gather', [moved, graph.constant([axis], [], 'int64')], { axis: 5 });
    const pixels = graph.node('Add', [shift, places(call, axis === 0 ? height : width, axis, lattice)]);
    const each = normalized(call, pixels, axis === 0 ? h : w);
    return graph.node('Unsqueeze', [each, graph.ints([5])]);
  };
  const grid = graph.node('Concat', [coordinate(1), coordinate(0)], { axis: 5 }); // x, y
  const batch = n.map((size) => size * parts);
  // inferred from the others: a product of small sizes can be mistaken for another size
  const [pixels] = constants(-1);
  const map =
    parts === 1
      ? x.get(first)
      : reshape(x.get(first), dimensions.list([batch, ...constants(channels[0] / parts), h, w]));
  const flat = reshape(grid, dimensions.list([batch, ...constants(taps), pixels, ...constants(2)]));
  const attributes = { align_corners: 0, mode: 'linear', padding_mode: 'zeros' };
  let samples = graph.node('GridSample', [map, flat], attributes); // [N parts, C / parts, taps, P]
  if (mask) {
    const byTap = reshape(mask.get(plain), dimensions.list([n, pixels, ...constants(parts, taps)]));
    const weights = graph.node('Transpose', [byTap], { perm: [0, 2, 3, 1] });
    samples = graph.node('Mul', [samples, reshape(weights, dimensions.list([batch, ...constants(1, taps), pixels]))]);
  }
  const inner = (channels[0] / groups) * taps;
  const columns = reshape(
    samples,
    dimensions.list(groups === 1 ? [n, ...constants(inner), pixels] : [n, ...constants(groups, inner), pixels]),
  );
  const product = graph.node('MatMul', [filterRows(call, filter, groups), columns]);
  const shaped = reshape(product, dimensions.list([n, outputs, height, width]));
  call.output.set(shaped, first);
};

export const deformableLowerings: Record<string, Lowering> = { DetDeformConv2D: deformConv2d };
