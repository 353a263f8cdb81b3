// Kernels that reshape, cut and join tensors.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { isFixed, type Sizes } from '../alignment';
import type { ElementType } from '../graph';
import type { Lowered, Variant } from '../lowered';
import type { Call, Lowering } from '../lowering';

const MAX_INT = 2 ** 31 - 1;

/** The operand as it is in TensorFlow.js, in the precision that it has. */
const plain = (call: Call, x: Lowered): [string, Variant] => {
  const variant: Variant = { layout: 'same', type: call.typeOf('follows', [x]) };
  return [x.get(variant), variant];
};

/** `0` keeps the axis of the input, `-1` is what is left: a size that changes is written out only where there are two. */
function targetShape(call: Call, from: readonly Sizes[], to: readonly Sizes[]): string {
  const { graph, dimensions } = call;
  const equal = (a: Sizes | undefined, b: Sizes) => a?.join() === b.join();
  const changing = to.map((sizes, i) => !isFixed(sizes) && !equal(from[i], sizes));
  const isEmpty = to.some((sizes) => sizes.includes(0));
  if (isEmpty || changing.filter(Boolean).length > 1) return dimensions.list(to);
  return graph.ints(to.map((sizes, i) => (changing[i] ? -1 : isFixed(sizes) ? sizes[0] : 0)));
}

/** The same values with other axes. */
const reshaped: Lowering = (call) => {
  const [x] = call.operands;
  const [value, variant] = plain(call, x);
  const to = call.output.tensor.shape;
  if (to.map((sizes) => sizes.join()).join(';') === x.tensor.shape.map((sizes) => sizes.join()).join(';')) {
    call.output.alias(x);
    return;
  }
  call.give('Reshape', [value, targetShape(call, x.tensor.shape, to)], { allowzero: 0 }, variant);
  call.output.flattened = flattened(x, to);
};

/** The maps that rows are, if they are: [N, H, W, C] to [N, H W C], then to [1, N, H W C]. */
function flattened(x: Lowered, to: readonly Sizes[]): Lowered | undefined {
  const map = x.flattened ?? x;
  if (map.rank !== 4 || !map.has('channels-first') || !map.tensor.shape.slice(1).every(isFixed)) return undefined;
  const [, h, w, c] = map.shape;
  const [rows, row] = to.slice(-2);
  const leading = to.slice(0, -2).every((sizes) => sizes.every((n) => n === 1));
  const isFlat = to.length <= 3 && leading && row.every((n) => n === h * w * c);
  return isFlat && rows.join() === map.tensor.shape[0].join() ? map : undefined;
}

const transpose: Lowering = (call) => {
  const [x] = call.operands;
  const { perm } = call.attrs;
  const [value, variant] = plain(call, x);
  call.give('Transpose', [value], { perm }, variant);
};

const tile: Lowering = (call) => {
  const [x] = call.operands;
  const reps = call.numbers(({ reps: list }) => list);
  const [value, variant] = plain(call, x);
  call.give('Tile', [value, call.dimensions.list(reps)], {}, variant);
};

const broadcastTo: Lowering = (call) => {
  const [x] = call.operands;
  const [value, variant] = plain(call, x);
  call.give('Expand', [value, call.dimensions.list(call.output.tensor.shape)], {}, variant);
};

const reverse: Lowering = (call) => {
  const [x] = call.operands;
  const axes = tf.util.parseAxisParam(call.attrs.dims, x.shape);
  const { graph } = call;
  const [value, variant] = plain(call, x);
  const all = (n: number) => graph.ints(axes.map(() => n));
  call.give('Slice', [value, all(-1), all(-MAX_INT), graph.ints(axes), all(-1)], {}, variant);
};

/** Where a part begins and ends on each axis; an end at the end of the axis holds at every size. */
const slice: Lowering = (call) => {
  const [x] = call.operands;
  const { graph, dimensions } = call;
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const from = x.tensor.shape;
  const parsed = (attrs: Call['attrs'], tape: number) => {
    const shape = { shape: from.map((sizes) => sizes[tape]) } as unknown as tf.Tensor;
    return tf.slice_util.parseSliceParams(shape, attrs.begin, attrs.size);
  };
  const begins = call.numbers((attrs, tape) => parsed(attrs, tape)[0]);
  const sizes = call.numbers((attrs, tape) => parsed(attrs, tape)[1]);
  const ends = begins.map((list, axis) => list.map((begin, t) => begin + sizes[axis][t]));
  const cut = begins.flatMap((list, axis) =>
    list.every((begin, t) => begin === 0 && sizes[axis][t] === from[axis][t]) ? [] : [axis],
  );
  if (cut.length === 0) {
    call.output.alias(x);
    return;
  }
  const toEnd = (axis: number) => ends[axis].every((end, t) => end === from[axis][t]);
  const inputs = [
    x.get(variant),
    dimensions.list(cut.map((axis) => begins[axis])),
    dimensions.list(cut.map((axis) => (toEnd(axis) ? ends[axis].map(() => MAX_INT) : ends[axis]))),
    graph.ints(cut.map((axis) => call.axis(axis, variant.layout, x.rank))),
    graph.ints(cut.map(() => 1)),
  ];
  call.give('Slice', inputs, {}, variant);
};

const stridedSlice: Lowering = (call) => {
  const [x] = call.operands;
  const { graph, dimensions } = call;
  const infos = (attrs: Call['attrs'], tape: number) =>
    tf.slice_util.sliceInfo(
      x.tensor.shape.map((sizes) => sizes[tape]),
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
  const begins = call.numbers((attrs, tape) => infos(attrs, tape).begin);
  const ends = call.numbers((attrs, tape) => infos(attrs, tape).end.map((end) => (end < 0 ? -MAX_INT : end)));
  const steps = call.numbers((attrs, tape) => infos(attrs, tape).strides);
  const [value, variant] = plain(call, x);
  const axes = graph.ints(begins.map((_, axis) => axis));
  const part = graph.node('Slice', [
    value,
    dimensions.list(begins),
    dimensions.list(ends),
    axes,
    dimensions.list(steps),
  ]);
  call.give('Reshape', [part, dimensions.list(call.output.tensor.shape)], { allowzero: 0 }, variant);
};

/** Every n-th row and column of a map. */
const everyNth: Lowering = (call) => {
  const [x] = call.operands;
  const { graph } = call;
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const both = (value: number) => graph.ints([value, value]);
  const axes = [1, 2].map((axis) => call.axis(axis, variant.layout, x.rank));
  const inputs = [x.get(variant), both(0), both(MAX_INT), graph.ints(axes), both(call.attrs.step)];
  call.give('Slice', inputs, {}, variant);
};

const concat: Lowering = (call) => {
  const parts = call.operands;
  const [axis] = tf.util.parseAxisParam(call.attrs.axis, parts[0].shape);
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const position = call.axis(axis, variant.layout, parts[0].rank);
  call.give(
    'Concat',
    parts.map((x) => x.get(variant)),
    { axis: position },
    variant,
  );
};

const pack: Lowering = (call) => {
  const parts = call.operands;
  const rank = call.output.rank;
  const axis = call.attrs.axis < 0 ? call.attrs.axis + rank : call.attrs.axis;
  const variant: Variant = { layout: 'same', type: call.typeOf('follows') };
  const { graph } = call;
  const expanded = parts.map((x) => graph.node('Unsqueeze', [x.get(variant), graph.ints([axis])]));
  call.give('Concat', expanded, { axis }, variant);
};

const unpack: Lowering = (call) => {
  const [x] = call.operands;
  const axis = call.attrs.axis < 0 ? call.attrs.axis + x.rank : call.attrs.axis;
  const [value, variant] = plain(call, x);
  for (const [i, output] of call.outputs.entries())
    call.give('Gather', [value, call.graph.constant([i], [], 'int64')], { axis }, variant, output);
};

const split: Lowering = (call) => {
  const [x] = call.operands;
  const [axis] = tf.util.parseAxisParam(call.attrs.axis, x.shape);
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const sizes = call.dimensions.list(call.outputs.map((output) => output.tensor.shape[axis]));
  const position = call.axis(axis, variant.layout, x.rank);
  const parts = call.graph.nodeOf('Split', [x.get(variant), sizes], { axis: position }, call.outputs.length);
  for (const [i, output] of call.outputs.entries()) output.set(parts[i], variant);
};

/** [before, after] of each axis in ONNX's order: all before, then all after. */
function padsOf(call: Call, layout: Variant['layout']): string {
  const flat = call.numbers(({ paddings }) => paddings.flat());
  const before = call.inLayout(
    flat.filter((_, i) => i % 2 === 0),
    layout,
  );
  const after = call.inLayout(
    flat.filter((_, i) => i % 2 === 1),
    layout,
  );
  return call.dimensions.list([...before, ...after]);
}

const pad: Lowering = (call) => {
  const [x] = call.operands;
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const value = call.scalar(call.attrs.constantValue ?? 0, variant.type);
  call.give('Pad', [x.get(variant), padsOf(call, variant.layout), value], { mode: 'constant' }, variant);
};

const mirrorPad: Lowering = (call) => {
  const [x] = call.operands;
  if (call.attrs.mode !== 'reflect') throw new DetLabError('symmetric padding has no form in ONNX');
  const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  call.give('Pad', [x.get(variant), padsOf(call, variant.layout)], { mode: 'reflect' }, variant);
};

const identity: Lowering = (call) => call.output.alias(call.operands[0]);

/** A constant that every element has, of a shape that depends on an input. */
export function filledConstant(
  call: Pick<Call, 'graph' | 'dimensions'>,
  value: number,
  shape: readonly Sizes[],
  type: ElementType,
): string {
  return call.graph.node('Expand', [call.graph.constant([value], [], type), call.dimensions.list(shape)]);
}

export const shapeLowerings: Record<string, Lowering> = {
  Identity: identity,
  Reshape: reshaped,
  ExpandDims: reshaped,
  Transpose: transpose,
  Tile: tile,
  BroadcastTo: broadcastTo,
  Reverse: reverse,
  Slice: slice,
  StridedSlice: stridedSlice,
  EveryNth: everyNth,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  SplitV: split,
  PadV2: pad,
  MirrorPad: mirrorPad,
};
