// Convolutions with what is fused into them, pooling, resizing and norms. All are channels first.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { isFixed } from '../alignment';
import type { Attributes, ElementType } from '../graph';
import type { Lowered } from '../lowered';
import type { Call, Lowering } from '../lowering';
import { activation } from './elementwise';

const map = (x: Lowered, type: ElementType) => x.get({ layout: 'channels-first', type });

/** The filter [kh, kw, in, out] as ONNX has it, [out, in, kh, kw], with the scale of a folded norm multiplied in. */
export function filterOf(call: Call, filter: Lowered, scale: Lowered | undefined, type: ElementType): string {
  if (filter.isConstant && (!scale || scale.isConstant))
    return filter.once(`filter ${scale?.tensor.id} ${type}`, () => constantFilter(call, filter, scale?.values, type));
  const raw = filter.get({ layout: 'same', type });
  const scaled = scale ? call.graph.node('Mul', [raw, scale.get({ layout: 'same', type })]) : raw;
  return call.graph.node('Transpose', [scaled], { perm: [3, 2, 0, 1] });
}

function constantFilter(call: Call, filter: Lowered, scale: ArrayLike<number> | undefined, type: ElementType): string {
  const [kh, kw, cin, cout] = filter.shape;
  const values = filter.values!;
  const taps = kh * kw;
  const moved = new Float32Array(values.length);
  for (let o = 0, to = 0; o < cout; o++) {
    const factor = scale ? scale[o] : 1;
    for (let i = 0; i < cin; i++)
      for (let k = 0; k < taps; k++) moved[to++] = values[(k * cin + i) * cout + o] * factor;
  }
  return call.graph.constant(moved, [cout, cin, kh, kw], type, filter.tensor.name);
}

function finish(call: Call, value: string, type: ElementType): void {
  const { residual, bias } = call.inputs;
  const variant = { layout: 'channels-first', type } as const;
  let result = value;
  if (bias && bias.rank !== 1) result = call.graph.node('Add', [result, call.broadcast(bias, variant)]);
  if (residual) result = call.graph.node('Add', [result, call.broadcast(residual, variant)]);
  call.output.set(activation(call, result, call.attrs.activation ?? 'linear', type), variant);
}

function convolve(call: Call, x: string, type: ElementType): void {
  const { filter, bias, scale } = call.inputs;
  const { strides, padding, dilations, groups } = call.attrs;
  const [kh, kw] = filter.shape;
  const attributes: Attributes = {
    auto_pad: 'NOTSET',
    dilations,
    group: groups,
    kernel_shape: [kh, kw],
    pads: [...padding, ...padding],
    strides,
  };
  const inputs = [x, filterOf(call, filter, scale, type)];
  if (bias) inputs.push(bias.get({ layout: 'same', type }));
  finish(call, call.graph.node('Conv', inputs, attributes), type);
}

const detConv2d: Lowering = (call) => {
  const { x } = call.inputs;
  const type = call.typeOf('always', [x]);
  convolve(call, map(x, type), type);
};

/** Several maps joined along channels, those of half the size repeated to 2 x 2 pixels: once for all layers that read them. */
const joinedConv2d: Lowering = (call) => {
  const maps = Array.from({ length: call.attrs.maps }, (_, k) => call.inputs[`map${k}`]);
  const type = call.typeOf('always', maps);
  const [largest] = maps.toSorted((a, b) => b.shape[1] - a.shape[1]);
  const isHalf = (x: Lowered) => x.tensor.shape[1].every((height, t) => height < largest.tensor.shape[1][t]);
  const repeated = (x: Lowered) => x.once(`repeated ${type}`, () => resized(call, map(x, type), [2, 2], 'nearest'));
  const key = `joined ${maps.map(({ tensor }) => tensor.id)} ${type}`;
  const joined = maps[0].once(key, () =>
    call.graph.node(
      'Concat',
      maps.map((x) => (isHalf(x) ? repeated(x) : map(x, type))),
      { axis: 1 },
    ),
  );
  convolve(call, joined, type);
};

/** [top, left, bottom, right] of a convolution or pooling of TensorFlow.js, which are equal at all sizes or refused. */
function padsOf(call: Call, info: (tape: number) => tf.backend_util.Conv2DInfo): number[] {
  const each = call.numbers((_, tape) => {
    const { padInfo } = info(tape);
    return [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right];
  });
  if (!each.every(isFixed)) throw new DetLabError(`its ${call.kernel} has padding that depends on the size`);
  return each.map(([pad]) => pad);
}

const shapeAt = (x: Lowered, tape: number) =>
  x.tensor.shape.map((sizes) => sizes[tape]) as [number, number, number, number];

const plainConv =
  (depthwise: boolean): Lowering =>
  (call) => {
    const { x, filter, bias } = call.inputs;
    const { strides, dilations = 1, pad, dimRoundingMode } = call.attrs;
    const type = call.typeOf('always', [x]);
    const info = (tape: number) =>
      tf.backend_util.computeConv2DInfo(
        shapeAt(x, tape),
        shapeAt(filter, tape),
        strides,
        dilations,
        pad,
        dimRoundingMode,
        depthwise,
      );
    const { dilationHeight, dilationWidth, strideHeight, strideWidth } = info(0);
    const [kh, kw, cin, multiplier] = filter.shape;
    let weight: string;
    if (depthwise) {
      const values = filter.values!;
      const moved = new Float32Array(values.length);
      const channels = cin * multiplier;
      for (let o = 0; o < channels; o++)
        for (let k = 0; k < kh * kw; k++) moved[o * kh * kw + k] = values[k * channels + o];
      weight = call.graph.constant(moved, [channels, 1, kh, kw], type, filter.tensor.name);
    } else weight = filterOf(call, filter, undefined, type);
    const inputs = [map(x, type), weight];
    if (bias?.rank === 1) inputs.push(bias.get({ layout: 'same', type }));
    const attributes: Attributes = {
      auto_pad: 'NOTSET',
      dilations: [dilationHeight, dilationWidth],
      group: depthwise ? cin : 1,
      kernel_shape: [kh, kw],
      pads: padsOf(call, info),
      strides: [strideHeight, strideWidth],
    };
    finish(call, call.graph.node('Conv', inputs, attributes), type);
  };

/** A transposed convolution, which TensorFlow.js runs as the gradient of one: `dy` is its input, `inputShape` its output. */
const transposedConv: Lowering = (call) => {
  const { dy, filter } = call.inputs;
  const { strides, pad, dimRoundingMode } = call.attrs;
  const type = call.typeOf('always', [dy]);
  const info = (tape: number) =>
    tf.backend_util.computeConv2DInfo(
      shapeAt(call.output, tape),
      shapeAt(filter, tape),
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
    );
  const [top, left, bottom, right] = padsOf(call, info);
  const { strideHeight, strideWidth } = info(0);
  const [kh, kw] = filter.shape;
  // rows of the output that no window begins in
  const rest = call.numbers((_, tape) => {
    const [, height, width] = shapeAt(call.output, tape);
    const [, h, w] = shapeAt(dy, tape);
    return [height - ((h - 1) * strideHeight + kh - top - bottom), width - ((w - 1) * strideWidth + kw - left - right)];
  });
  if (!rest.every(isFixed)) throw new DetLabError('a transposed convolution adds rows that depend on the size');
  const attributes: Attributes = {
    auto_pad: 'NOTSET',
    dilations: [1, 1],
    group: 1,
    kernel_shape: [kh, kw],
    output_padding: rest.map(([n]) => n),
    pads: [top, left, bottom, right],
    strides: [strideHeight, strideWidth],
  };
  const inputs = [map(dy, type), filterOf(call, filter, undefined, type)];
  call.give('ConvTranspose', inputs, attributes, { layout: 'channels-first', type });
};

/**
 * Where sizes are rounded up, the padding after the last row is written out: runtimes differ on windows that begin in the
 * padding. With sizes that change, `ceil_mode` is left to them; without padding no window can begin there.
 */
const detMaxPool2d: Lowering = (call) => {
  const { x } = call.inputs;
  const { size, strides, padding, ceilMode } = call.attrs;
  const type = call.typeOf('follows');
  const windows = call.numbers((attrs) => attrs.size);
  if (!windows.every(isFixed)) {
    const isWhole = windows.every((sides, axis) =>
      sides.every((side, tape) => side === x.tensor.shape[axis + 1][tape]),
    );
    if (!isWhole || padding.some((n: number) => n > 0))
      throw new DetLabError('it has max pooling whose windows depend on the size');
    call.give('GlobalMaxPool', [map(x, type)], {}, { layout: 'channels-first', type });
    return;
  }
  const after = [0, 1].map((axis) =>
    x.tensor.shape[axis + 1].map((length, tape) => {
      const windows = call.output.tensor.shape[axis + 1][tape];
      return Math.max((windows - 1) * strides[axis] + size[axis] - length - padding[axis], 0);
    }),
  );
  const written = !ceilMode || after.every(isFixed);
  if (!written && padding.some((n: number) => n > 0))
    throw new DetLabError('it has max pooling that rounds sizes up and pads');
  const ends = ceilMode && written ? after.map(([n]) => n) : padding;
  const attributes: Attributes = {
    auto_pad: 'NOTSET',
    ceil_mode: written ? 0 : 1,
    dilations: [1, 1],
    kernel_shape: size,
    pads: [...padding, ...ends],
    storage_order: 0,
    strides,
  };
  call.give('MaxPool', [map(x, type)], attributes, { layout: 'channels-first', type });
};

const plainPool =
  (opType: 'MaxPool' | 'AveragePool', extra: Attributes): Lowering =>
  (call) => {
    const { x } = call.inputs;
    const { filterSize, strides, dilations = 1, pad, dimRoundingMode } = call.attrs;
    const type = call.typeOf('follows');
    if (!call.numbers((attrs) => [attrs.filterSize].flat()).every(isFixed))
      throw new DetLabError('it has pooling whose windows depend on the size');
    const info = (tape: number) =>
      tf.backend_util.computePool2DInfo(shapeAt(x, tape), filterSize, strides, dilations, pad, dimRoundingMode);
    const { filterHeight, filterWidth, strideHeight, strideWidth } = info(0);
    const attributes: Attributes = {
      auto_pad: 'NOTSET',
      ceil_mode: 0,
      dilations: [1, 1],
      kernel_shape: [filterHeight, filterWidth],
      pads: padsOf(call, info),
      strides: [strideHeight, strideWidth],
      ...extra,
    };
    call.give(opType, [map(x, type)], attributes, { layout: 'channels-first', type });
  };

type ResizeMode = 'nearest' | 'linear';
/** Factors of height and width, or the shape of the result, int64 [4]. */
type ResizeTo = readonly [number, number] | string;

function resized(call: Call, x: string, to: ResizeTo, mode: ResizeMode, coordinates = 'asymmetric'): string {
  const attributes: Attributes = {
    antialias: 0,
    coordinate_transformation_mode: coordinates,
    cubic_coeff_a: { float: -0.75 },
    exclude_outside: 0,
    extrapolation_value: { float: 0 },
    keep_aspect_ratio_policy: 'stretch',
    mode,
    nearest_mode: 'floor',
  };
  const inputs = typeof to === 'string' ? [x, '', '', to] : [x, '', call.graph.constant([1, 1, ...to], [4], 'float32')];
  return call.graph.node('Resize', inputs, attributes);
}

/** Sizes by a whole factor are written as the factor, which holds at every size. */
const resize =
  (mode: ResizeMode): Lowering =>
  (call) => {
    const { images } = call.inputs;
    const { alignCorners, halfPixelCenters } = call.attrs;
    const type = call.typeOf('follows');
    const [n, h, w, c] = images.tensor.shape;
    const [, height, width] = call.output.tensor.shape;
    const factors = [height.map((size, t) => size / h[t]), width.map((size, t) => size / w[t])];
    const isWhole = factors.every((list) => isFixed(list) && Number.isInteger(list[0]));
    const to: ResizeTo = isWhole ? [factors[0][0], factors[1][0]] : call.dimensions.list([n, c, height, width]);
    const coordinates = alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric';
    const value = resized(call, map(images, type), to, mode, coordinates);
    call.output.set(value, { layout: 'channels-first', type });
  };

const fusedBatchNorm: Lowering = (call) => {
  const { x, mean, variance, offset, scale } = call.inputs;
  const type = call.typeOf('follows', [x]);
  const channels = [x.shape[3]];
  const of = (given: Lowered | undefined, absent: number) =>
    given
      ? given.get({ layout: 'same', type })
      : call.graph.constant(new Float32Array(channels[0]).fill(absent), channels, type);
  const inputs = [map(x, type), of(scale, 1), of(offset, 0), of(mean, 0), of(variance, 1)];
  const attributes: Attributes = {
    epsilon: { float: call.attrs.varianceEpsilon ?? 0.001 },
    momentum: { float: 0.9 },
    training_mode: 0,
  };
  call.give('BatchNormalization', inputs, attributes, { layout: 'channels-first', type });
};

/** Each group of channels as one instance. */
const groupNorm: Lowering = (call) => {
  const { x, scale, offset } = call.inputs;
  const { groups, epsilon } = call.attrs;
  const { graph } = call;
  const type = 'float32';
  const value = map(x, type);
  const flat = graph.node('Reshape', [value, graph.ints([0, groups, -1])], { allowzero: 0 });
  const ones = graph.constant(new Float32Array(groups).fill(1), [groups], type);
  const zeros = graph.constant(new Float32Array(groups), [groups], type);
  const normal = graph.node('InstanceNormalization', [flat, ones, zeros], { epsilon: { float: epsilon } });
  const [n, h, w, c] = x.tensor.shape;
  const shape = call.dimensions.list([n, c, h, w]);
  const restored = graph.node('Reshape', [normal, shape], { allowzero: 0 });
  const variant = { layout: 'channels-first', type } as const;
  const scaled = graph.node('Mul', [restored, call.broadcast(scale, variant)]);
  call.give('Add', [scaled, call.broadcast(offset, variant)], {}, variant);
};

/** Cells of a map of any size that a corner looks over. */
const MOST_CELLS = 4096;

/** The largest value from a cell to one edge, over 2, 4, 8, ... cells: ONNX has no running maximum. */
const cornerPool: Lowering = (call) => {
  const { x } = call.inputs;
  const { graph } = call;
  const { axis, backward } = call.attrs;
  const type = call.typeOf('follows');
  const along = call.axis(axis, 'channels-first', 4);
  const sizes = x.tensor.shape[axis];
  const most = isFixed(sizes) ? sizes[0] : MOST_CELLS;
  let value = map(x, type);
  for (let step = 1; step < most; step *= 2) {
    const pads = Array<number>(8).fill(0);
    pads[along + (backward ? 4 : 0)] = step;
    const padded = graph.node('Pad', [value, graph.ints(pads), call.scalar(Number.NEGATIVE_INFINITY, type)], {
      mode: 'constant',
    });
    const [from, to] = backward ? [step, 2 ** 31] : [0, -step];
    const ends = [[from], [to], [along], [1]].map((list) => graph.ints(list));
    value = graph.node('Max', [value, graph.node('Slice', [padded, ...ends])]);
  }
  call.output.set(value, { layout: 'channels-first', type });
};

const depthToSpace: Lowering = (call) => {
  const [x] = call.operands;
  const type = call.typeOf('follows');
  const attributes: Attributes = { blocksize: call.attrs.blockSize, mode: 'DCR' };
  call.give('DepthToSpace', [map(x, type)], attributes, { layout: 'channels-first', type });
};

export const convolutionLowerings: Record<string, Lowering> = {
  DetConv2D: detConv2d,
  DetJoinedConv2D: joinedConv2d,
  Conv2D: plainConv(false),
  FusedConv2D: plainConv(false),
  DepthwiseConv2dNative: plainConv(true),
  FusedDepthwiseConv2D: plainConv(true),
  Conv2DBackpropInput: transposedConv,
  DetMaxPool2D: detMaxPool2d,
  MaxPool: plainPool('MaxPool', { storage_order: 0 }),
  AvgPool: plainPool('AveragePool', { count_include_pad: 0 }),
  ResizeNearestNeighbor: resize('nearest'),
  ResizeBilinear: resize('linear'),
  FusedBatchNorm: fusedBatchNorm,
  GroupNorm: groupNorm,
  DepthToSpace: depthToSpace,
  CornerPool: cornerPool,
};
