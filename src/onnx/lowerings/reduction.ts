// Reductions, scans, softmax, top-k and matrix products.

import * as tf from '@tensorflow/tfjs';
import type { ElementType } from '../graph';
import { castCode, type Lowered, type Variant } from '../lowered';
import type { Call, Halves, Lowering } from '../lowering';
import { activation } from './elementwise';

const reduction =
  (opType: string, halves: Halves = 'never'): Lowering =>
  (call) => {
    const [x] = call.operands;
    const { axis, reductionIndices, keepDims } = call.attrs;
    const axes = tf.util.parseAxisParam(axis ?? reductionIndices, x.shape);
    const kept = [0, 1, 2, 3].filter((a) => !axes.includes(a));
    // without its axes, the rest of a map must be in the order of TensorFlow.js
    const layout = keepDims || !(kept.includes(3) && kept.some((a) => a === 1 || a === 2)) ? call.layoutOf() : 'same';
    const type = call.typeOf(halves);
    const positions = axes.map((a) => call.axis(a, layout, x.rank));
    const inputs = [x.get({ layout, type }), call.graph.ints(positions)];
    const attributes = { keepdims: keepDims ? 1 : 0, noop_with_empty_axes: 0 };
    call.give(opType, inputs, attributes, { layout: keepDims ? layout : 'same', type });
  };

/** Of booleans, by way of whole numbers. */
const logical =
  (opType: string): Lowering =>
  (call) => {
    const [x] = call.operands;
    const axes = tf.util.parseAxisParam(call.attrs.axis, x.shape);
    const { graph } = call;
    const number = graph.node('Cast', [x.get({ layout: 'same', type: 'bool' })], { to: castCode('int32') });
    const attributes = { keepdims: call.attrs.keepDims ? 1 : 0, noop_with_empty_axes: 0 };
    const reduced = graph.node(opType, [number, graph.ints(axes)], attributes);
    call.give('Cast', [reduced], { to: castCode('bool') }, { layout: 'same', type: 'bool' });
  };

const extreme =
  (opType: string): Lowering =>
  (call) => {
    const [x] = call.operands;
    const [axis] = tf.util.parseAxisParam(call.attrs.axis, x.shape);
    const value = x.get({ layout: 'same', type: call.typeOf('never') });
    const index = call.graph.node(opType, [value], { axis, keepdims: 0, select_last_index: 0 });
    call.give('Cast', [index], { to: castCode('int32') }, { layout: 'same', type: 'int32' });
  };

const cumsum: Lowering = (call) => {
  const [x] = call.operands;
  const { axis, exclusive, reverse } = call.attrs;
  const [at] = tf.util.parseAxisParam(axis, x.shape);
  const variant: Variant = { layout: 'same', type: call.typeOf('never') };
  const inputs = [x.get(variant), call.graph.constant([at], [], 'int64')];
  call.give('CumSum', inputs, { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }, variant);
};

const softmax =
  (opType: string): Lowering =>
  (call) => {
    const [x] = call.operands;
    const { dim, axis = dim ?? -1 } = call.attrs;
    const variant: Variant = { layout: call.layoutOf(), type: call.typeOf('never') };
    call.give(opType, [x.get(variant)], { axis: call.axis(axis, variant.layout, x.rank) }, variant);
  };

const topK: Lowering = (call) => {
  const [x] = call.operands;
  const [values, indices] = call.outputs;
  const type = call.typeOf('never');
  const k = call.dimensions.list(call.numbers((attrs) => [attrs.k]));
  const attributes = { axis: x.rank - 1, largest: 1, sorted: 1 };
  const [best, at] = call.graph.nodeOf('TopK', [x.get({ layout: 'same', type }), k], attributes, 2);
  values.set(best, { layout: 'same', type });
  call.give('Cast', [at], { to: castCode('int32') }, { layout: 'same', type: 'int32' }, indices);
};

/** The last two axes exchanged where the kernel reads them so; of a constant once, here. */
function factor(call: Call, x: Lowered, transposed: boolean, type: ElementType): string {
  const { rank } = x;
  if (!transposed) return x.get({ layout: 'same', type });
  if (x.isConstant) return x.once(`transposed ${type}`, () => transposedConstant(call, x, type));
  const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return call.graph.node('Transpose', [x.get({ layout: 'same', type })], { perm });
}

function transposedConstant(call: Call, x: Lowered, type: ElementType): string {
  const [rows, columns] = x.shape.slice(-2);
  const values = x.values!;
  const moved = new Float32Array(values.length);
  const size = rows * columns;
  for (let at = 0; at < values.length; at += size)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) moved[at + j * rows + i] = values[at + i * columns + j];
  return call.graph.constant(moved, [...x.shape.slice(0, -2), columns, rows], type, x.tensor.name);
}

/** Rows [H W C] of the second factor in the order [C H W]. */
function rowsChannelsFirst(call: Call, b: Lowered, transposed: boolean, map: Lowered, type: ElementType): string {
  const [, h, w, c] = map.shape;
  const [rows, columns] = b.shape.slice(-2);
  const [features, width] = transposed ? [columns, rows] : [rows, columns];
  return b.once(`channels first ${h} ${w} ${type}`, () => {
    const values = b.values!;
    const moved = new Float32Array(values.length);
    for (let k = 0, to = 0; k < c; k++)
      for (let j = 0; j < h * w; j++) {
        const row = j * c + k;
        for (let o = 0; o < width; o++) moved[to++] = values[transposed ? o * features + row : row * width + o];
      }
    return call.graph.constant(moved, [features, width], type, b.tensor.name);
  });
}

/** Both factors; maps made flat stay channels first. */
function factors(call: Call, type: ElementType): [string, string] {
  const { a, b } = call.inputs;
  const { transposeA, transposeB } = call.attrs;
  const map = a.flattened;
  const isTable = b.isConstant && b.shape.slice(0, -2).every((n) => n === 1);
  if (!map || transposeA || !isTable) return [factor(call, a, transposeA, type), factor(call, b, transposeB, type)];
  const { graph } = call;
  const first = map.get({ layout: 'channels-first', type });
  const leading = a.shape.slice(0, -2);
  const flat = graph.node('Reshape', [first, graph.ints([...leading, -1, a.shape.at(-1)!])], { allowzero: 0 });
  return [flat, rowsChannelsFirst(call, b, transposeB, map, type)];
}

const matMul: Lowering = (call) => {
  const { a, b, bias } = call.inputs;
  // products of a few columns, such as expected values of distributions, are tails of heads
  const type = call.typeOf(b.isConstant && b.shape.at(-1)! * b.shape.at(-2)! < 64 ? 'never' : 'always', [a, b]);
  const variant: Variant = { layout: 'same', type };
  let value = call.graph.node('MatMul', factors(call, type));
  if (bias) value = call.graph.node('Add', [value, bias.get(variant)]);
  call.output.set(activation(call, value, call.attrs.activation ?? 'linear', type), variant);
};

const einsum: Lowering = (call) => {
  const type = call.typeOf('never');
  const operands = call.operands.map((x) => x.get({ layout: 'same', type }));
  call.give('Einsum', operands, { equation: call.attrs.equation }, { layout: 'same', type });
};

export const reductionLowerings: Record<string, Lowering> = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean', 'follows'),
  Prod: reduction('ReduceProd'),
  Max: reduction('ReduceMax', 'follows'),
  Min: reduction('ReduceMin', 'follows'),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Cumsum: cumsum,
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  TopK: topK,
  BatchMatMul: matMul,
  _FusedMatMul: matMul,
  Einsum: einsum,
};
