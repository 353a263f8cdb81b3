// RoIs whose bins are pooled one by one in the graph, each as an RoI of one bin: those of position-sensitive pooling, which read maps of
// their own, and those that deformable pooling moves. K RoIs, B bins row by row. Pixels are rounded as `psRoIPool` does it.

import type * as tf from '@tensorflow/tfjs';
import type { MovedBins } from '../../models/roi-heads/types';
import { castCode, type Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { ParameterNames } from '../tape';
import { recordRows } from './record-rows';

export interface BinRois {
  /** xyxy in pixels of the input [K, 4]. */
  boxes: string;
  /** Index of the image of each, int64 [K]. */
  images: string;
}

export interface BinLayout {
  /** Bins: rows and columns. */
  size: readonly [number, number];
  /** Of the map. */
  scale: number;
  /** 0: adaptive. */
  samplingRatio: number;
}

/** First and last border of each bin along one axis [K, bins]. */
interface Borders {
  from: string;
  to: string;
}

/** Each bin from the maps of its position [K, C, h, w]. */
export function poolByPosition(
  map: Lowered,
  rois: BinRois,
  layout: BinLayout & { mode: 'pool' | 'align' },
  context: LoweringContext,
): string {
  const { graph } = context;
  const { size, mode } = layout;
  const [rows, columns] = size;
  const bins = rows * columns;
  const channels = map.shape[3] / bins;
  const value = map.get({ layout: 'channels-first', type: 'float32' });
  const sides = graph.node('Shape', [value], { start: 2, end: 4 });
  // [N, C B, H, W] -> the maps of each bin as an image
  const split = graph.node('Concat', [graph.ints([-1, channels, bins]), sides], { axis: 0 });
  const byBin = graph.node('Transpose', [graph.node('Reshape', [value, split], { allowzero: 0 })], {
    perm: [0, 2, 1, 3, 4],
  });
  const joined = graph.node('Concat', [graph.ints([-1, channels]), sides], { axis: 0 });
  const maps = graph.node('Reshape', [byBin, joined], { allowzero: 0 });
  const borders = (axis: 0 | 1, count: number) => {
    const [low, high] = [axis, axis + 2].map((column) => scaled(rois.boxes, column, layout.scale, context));
    if (mode === 'align') return sampledBins(low, high, count, undefined, context);
    return pixelBins(low, high, count, graph.node('Gather', [sides, graph.ints([1 - axis])], { axis: 0 }), context);
  };
  const position = graph.constant(
    Array.from({ length: bins }, (_, bin) => bin),
    [1, bins],
    'int64',
  );
  const first = graph.node('Mul', [graph.node('Unsqueeze', [rois.images, graph.ints([1])]), graph.ints([bins])]);
  const image = graph.node('Reshape', [graph.node('Add', [first, position]), graph.ints([-1])], { allowzero: 0 });
  const grid = { size, own: false, across: borders(0, columns), down: borders(1, rows), image };
  const samplingRatio = mode === 'align' ? layout.samplingRatio : 0;
  return poolBins(maps, grid, { channels, samplingRatio }, context);
}

/** Each bin moved, and weighted, by what is predicted of the RoI pooled in place [K, C, h, w]. */
export function poolMoved(
  map: Lowered,
  rois: BinRois,
  layout: BinLayout & { pooled: string; predict(pooled: tf.Tensor4D): MovedBins },
  names: ParameterNames,
  context: LoweringContext,
): string {
  const { graph } = context;
  const { size, predict, scale, samplingRatio } = layout;
  const [rows, columns] = size;
  const channels = map.shape[3];
  const forward = ([pooled]: tf.Tensor[]) => {
    const { shifts, weights } = predict(pooled as tf.Tensor4D);
    return weights ? [shifts, weights] : [shifts];
  };
  const input = { value: layout.pooled, layout: 'channels-first', shape: [...size, channels] } as const;
  const [shifts, weights] = recordRows([input], forward, names, context, 'the offsets of an RoI layer');
  const borders = (axis: 0 | 1, count: number) => {
    const [low, high] = [axis, axis + 2].map((column) => scaled(rois.boxes, column, scale, context));
    const at = graph.node('Gather', [shifts.value, graph.constant([axis], [], 'int64')], { axis: 3 }); // [K, h, w]
    return sampledBins(low, high, count, { shares: at, axis }, context);
  };
  const shape = graph.node('Concat', [graph.node('Shape', [rois.images]), graph.ints([rows * columns])], { axis: 0 });
  const images = graph.node('Expand', [graph.node('Unsqueeze', [rois.images, graph.ints([1])]), shape]);
  const image = graph.node('Reshape', [images, graph.ints([-1])], { allowzero: 0 });
  const grid = { size, own: true, across: borders(0, columns), down: borders(1, rows), image };
  const value = map.get({ layout: 'channels-first', type: 'float32' });
  const moved = poolBins(value, grid, { channels, samplingRatio }, context);
  if (!weights) return moved;
  return graph.node('Mul', [moved, graph.node('Transpose', [weights.value], { perm: [0, 3, 1, 2] })]);
}

/** Borders of all bins in pixels of the map: [K, columns] and [K, rows], or [K, rows, columns] where each has its `own`. */
interface BinGrid {
  size: readonly [number, number];
  own: boolean;
  across: Borders;
  down: Borders;
  /** int64 [K B]. */
  image: string;
}

/** [K, C, h, w]; bins without any extent are 0. */
function poolBins(
  maps: string,
  { size: [rows, columns], own, across, down, image }: BinGrid,
  { channels, samplingRatio }: { channels: number; samplingRatio: number },
  { graph }: LoweringContext,
): string {
  const reshape = (value: string, shape: number[]) =>
    graph.node('Reshape', [value, graph.ints(shape)], { allowzero: 0 });
  const count = graph.node('Shape', [across.from], { start: 0, end: 1 });
  const each = graph.node('Concat', [count, graph.ints([rows, columns, 1])], { axis: 0 });
  const on = (axes: number[]) => (value: string) =>
    graph.node('Expand', [graph.node('Unsqueeze', [value, graph.ints(axes)]), each]);
  const [x, y] = own ? [on([3]), on([3])] : [on([1, 3]), on([2, 3])];
  const corners = [x(across.from), y(down.from), x(across.to), y(down.to)];
  const boxes = reshape(graph.node('Concat', corners, { axis: 3 }), [-1, 4]);
  const pooled = graph.node('RoiAlign', [maps, boxes, image], {
    coordinate_transformation_mode: 'half_pixel',
    mode: 'avg',
    output_height: 1,
    output_width: 1,
    sampling_ratio: samplingRatio,
    spatial_scale: { float: 1 },
  });
  const byRoi = graph.node('Transpose', [reshape(pooled, [-1, rows * columns, channels])], { perm: [0, 2, 1] });
  const map = reshape(byRoi, [-1, channels, rows, columns]);
  const isWide = graph.node('Greater', [corners[2], corners[0]]);
  const isHigh = graph.node('Greater', [corners[3], corners[1]]);
  const filled = graph.node('Transpose', [graph.node('And', [isWide, isHigh])], { perm: [0, 3, 1, 2] });
  return graph.node('Where', [filled, map, graph.float(0)]);
}

/** A column of the boxes in pixels of the map [K, 1]. */
function scaled(boxes: string, column: number, scale: number, { graph }: LoweringContext): string {
  const ends = [graph.ints([column]), graph.ints([column + 1]), graph.ints([1]), graph.ints([1])];
  return graph.node('Mul', [graph.node('Slice', [boxes, ...ends]), graph.float(scale)]);
}

const indices = (from: number, count: number, { graph }: LoweringContext): string =>
  graph.constant(
    Array.from({ length: count }, (_, b) => from + b),
    [1, count],
    'float32',
  );

/** Away from zero at halves, which ONNX's Round takes to even numbers. */
function rounded(value: string, { graph }: LoweringContext): string {
  const size = graph.node('Abs', [value]);
  const below = graph.node('Floor', [size]);
  const rises = graph.node('GreaterOrEqual', [graph.node('Sub', [size, below]), graph.float(0.5)]);
  const whole = graph.node('Add', [below, graph.node('Cast', [rises], { to: castCode('float32') })]);
  return graph.node('Mul', [graph.node('Sign', [value]), whole]);
}

/** The pixels of each bin, within the map. */
function pixelBins(low: string, high: string, count: number, length: string, context: LoweringContext): Borders {
  const { graph } = context;
  const start = rounded(low, context);
  const extent = graph.node('Max', [graph.node('Sub', [rounded(high, context), start]), graph.float(1)]);
  const step = graph.node('Div', [extent, graph.float(count)]);
  const most = graph.node('Cast', [length], { to: castCode('float32') });
  const border = (from: number, round: 'Floor' | 'Ceil') => {
    const moved = graph.node(round, [graph.node('Mul', [step, indices(from, count, context)])]);
    const pixel = graph.node('Add', [moved, start]);
    return graph.node('Min', [graph.node('Max', [pixel, graph.float(0)]), most]);
  };
  return { from: border(0, 'Floor'), to: border(1, 'Ceil') };
}

/** Shares of a border that rounding may move it by, and what is taken off so that a bin has no sample more: two units in the last place. */
const MARGIN = 2 ** -22;

/**
 * Bins of equal size, and as many samples as an RoI of theirs has, whatever is rounded.
 *
 * @param moved shares of the RoI [K, h, w] by which the bins are moved
 */
function sampledBins(
  low: string,
  high: string,
  count: number,
  moved: { shares: string; axis: 0 | 1 } | undefined,
  context: LoweringContext,
): Borders {
  const { graph } = context;
  const sub = (a: string, b: string) => graph.node('Sub', [a, b]);
  const middle = (value: string) => sub(value, graph.float(0.5));
  const extent = sub(middle(high), middle(low)); // [K, 1]
  const step = graph.node('Div', [extent, graph.float(count)]);
  const axes = (value: string, at: number[]) => (moved ? graph.node('Unsqueeze', [value, graph.ints(at)]) : value);
  // [K, 1, columns] or [K, rows, 1] beside [K, h, w]
  const line = moved?.axis === 1 ? [2] : [1];
  const shift = moved ? graph.node('Mul', [moved.shares, axes(extent, [1])]) : undefined;
  const border = (from: number) => {
    const still = axes(graph.node('Add', [low, graph.node('Mul', [step, indices(from, count, context)])]), line);
    return shift ? graph.node('Add', [still, shift]) : still;
  };
  const [from, to] = [border(0), border(1)];
  const samples = axes(graph.node('Ceil', [step]), [1]);
  const unit = graph.node('Max', [graph.node('Abs', [to]), graph.float(1)]);
  const most = sub(graph.node('Add', [from, samples]), graph.node('Mul', [unit, graph.float(MARGIN)]));
  return { from, to: graph.node('Min', [to, most]) };
}
