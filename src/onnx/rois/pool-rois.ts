// RoIs pooled from feature levels in the graph: each from the level of its size, or all from all levels. N images with M RoIs each
// are K = N M rows, image by image.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { PoolSource, RoIPooler } from '../../models/roi-heads/roi-pooler';
import type { RoIExtractor, RoIPooling } from '../../models/roi-heads/types';
import type { Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { ParameterNames } from '../tape';
import { poolByPosition, poolMoved } from './pool-bins';
import type { RowInput } from './record-rows';
import { sampleInRois } from './sample-in-rois';

/** Rows of RoIs. */
export interface GraphRois {
  /** xyxy in pixels of the input [K, 4]. */
  boxes: string;
  /** Index of the image of each, int64 [K]. */
  images: string;
  /** The boxes by image [N, M, 4]. */
  table: string;
}

/** What RoIs are pooled from: the feature levels, and `RoIHeadParts.maps`. */
export interface RoiMaps {
  levels: readonly Lowered[];
  more: readonly Lowered[];
}

export interface PooledRois {
  /** What is pooled, as inputs of the layers that read it. */
  inputs: RowInput[];
  /** What each pooler makes of these inputs. */
  combine(tensors: tf.Tensor[]): tf.Tensor4D[];
  /** Where rows are in another order: `places` of the RoIs in it, and the RoI of each row; int64 [K]. */
  order?: { places: string; rois: string };
}

/** [N, M, 4] as rows. */
export function roiRows(boxes: string, { graph }: LoweringContext): GraphRois {
  const shape = graph.node('Shape', [boxes], { start: 0, end: 2 });
  const count = graph.node('Squeeze', [graph.node('Shape', [boxes], { start: 0, end: 1 }), graph.ints([0])]);
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const image = graph.node('Unsqueeze', [graph.node('Range', [scalar(0), count, scalar(1)]), graph.ints([1])]);
  const flat = (value: string, to: number[]) => graph.node('Reshape', [value, graph.ints(to)], { allowzero: 0 });
  return { boxes: flat(boxes, [-1, 4]), images: flat(graph.node('Expand', [image, shape]), [-1]), table: boxes };
}

/** @throws DetLabError for an extractor that does not say what it does */
export function poolRois(
  poolers: readonly RoIPooler[],
  maps: RoiMaps,
  rois: GraphRois,
  names: ParameterNames,
  context: LoweringContext,
): PooledRois {
  const each = poolers.map(({ sources }) => sources.map((source) => pooledSource(source, maps, rois, names, context)));
  const all = each.flat();
  // what is read together is in one order
  const order = all.length === 1 ? all[0].order : undefined;
  const inputs = all.map((one) => (order || !one.order ? one.inputs : one.inputs.map(inOrder(one.order, context))));
  return {
    inputs: inputs.flat(),
    order,
    combine: (tensors) => {
      const rest = [...tensors] as tf.Tensor4D[];
      return poolers.map((pooler, i) => pooler.combine(each[i].map((source) => rest.splice(0, source.inputs.length))));
    },
  };
}

type PooledSource = Pick<PooledRois, 'inputs' | 'order'>;

const inOrder =
  ({ places }: NonNullable<PooledRois['order']>, { graph }: LoweringContext) =>
  (input: RowInput): RowInput => ({ ...input, value: graph.node('Gather', [input.value, places], { axis: 0 }) });

function pooledSource(
  source: PoolSource,
  maps: RoiMaps,
  rois: GraphRois,
  names: ParameterNames,
  context: LoweringContext,
): PooledSource {
  const { graph } = context;
  if ('vectors' in source) {
    const vectors = maps.more[source.vectors];
    const value = vectors.get({ layout: 'same', type: 'float32' });
    const ofRois = graph.node('Gather', [value, rois.images], { axis: 0 });
    return { inputs: [{ value: ofRois, layout: 'same', shape: vectors.shape.slice(1) }] };
  }
  const { extractor, map, scale = 1 } = source;
  const levels = map === undefined ? maps.levels : [maps.more[map]];
  const { pooling, layers } = extractor;
  const [layer] = layers;
  if (!pooling || !layer.sampling) throw undescribed(extractor);
  const enlarged = scale === 1 ? rois.table : scaled(rois.table, scale, context);
  const given = scale === 1 ? rois : { ...roiRows(enlarged, context), images: rois.images };
  const channels = (level: number) => layer.outputChannels?.(levels[level].shape[3]) ?? levels[level].shape[3];
  const input = (value: string, level: number): RowInput => ({
    value,
    layout: 'channels-first',
    shape: [...layer.outputSize, channels(level)],
  });
  if (layer.sampling === 'centers') {
    if (pooling.levels === 'one' && pooling.strides.length > 1) throw undescribed(extractor);
    const pooled = pooling.strides.map((stride, level) => ofCenters(levels[level], stride, given, layer, context));
    return { inputs: pooled.map((value, level) => ({ ...input(value, level), layout: 'same' as const })) };
  }
  const align = (level: number, rows: Rows) =>
    pooledOfLevel(levels[level], layers[level], rows, { scale: 1 / pooling.strides[level], names, context });
  if (pooling.levels === 'all' || pooling.strides.length === 1)
    return { inputs: pooling.strides.map((_, level) => input(align(level, given), level)) };
  const { value, order } = fromOneLevel(pooling, rois.boxes, given, align, context);
  return { inputs: [input(value, 0)], order };
}

type Rows = Pick<GraphRois, 'boxes' | 'images'>;

/** [K, C, h, w]. */
function pooledOfLevel(
  map: Lowered,
  layer: RoIExtractor['layers'][number],
  rows: Rows,
  { scale, names, context }: { scale: number; names: ParameterNames; context: LoweringContext },
): string {
  const { samplingRatio, aligned, byPosition } = layer.sampling as Exclude<
    typeof layer.sampling,
    'centers' | undefined
  >;
  const layout = { size: layer.outputSize, scale, samplingRatio };
  if (byPosition) return poolByPosition(map, rows, { ...layout, mode: byPosition }, context);
  const [height, width] = layer.outputSize;
  // with its mode "max" runtimes differ; sampling_ratio is written out because they differ on its default
  const value = map.get({ layout: 'channels-first', type: 'float32' });
  const pooled = context.graph.node('RoiAlign', [value, rows.boxes, rows.images], {
    coordinate_transformation_mode: aligned ? 'half_pixel' : 'output_half_pixel',
    mode: 'avg',
    output_height: height,
    output_width: width,
    sampling_ratio: samplingRatio,
    spatial_scale: { float: scale },
  });
  if (!layer.movedBins) return pooled;
  const predict = (x: tf.Tensor4D) => layer.movedBins!(x);
  return poolMoved(map, rows, { ...layout, pooled, predict }, names, context);
}

const undescribed = ({ constructor: { name } }: RoIExtractor): DetLabError =>
  new DetLabError(
    `RoI pooling by ${name} has no form in ONNX: give the extractor \`pooling\` and its layer \`sampling\``,
  );

/** Boxes [N, M, 4] enlarged about their centres. */
function scaled(boxes: string, factor: number, { graph }: LoweringContext): string {
  const corner = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const [low, high] = [corner(0), corner(2)];
  const times = (value: string, by: number) => graph.node('Mul', [value, graph.float(by)]);
  const center = times(graph.node('Add', [low, high]), 0.5);
  const half = times(times(graph.node('Sub', [high, low]), factor), 0.5);
  return graph.node('Concat', [graph.node('Sub', [center, half]), graph.node('Add', [center, half])], { axis: 2 });
}

/** One sample in the middle of each bin [K, h, w, C]. */
function ofCenters(
  map: Lowered,
  stride: number,
  { table }: GraphRois,
  { outputSize: [height, width] }: RoIExtractor['layers'][number],
  context: LoweringContext,
): string {
  const { graph } = context;
  const points = Array.from({ length: height * width }, (_, bin) => [
    ((bin % width) + 0.5) / width,
    (Math.floor(bin / width) + 0.5) / height,
  ]);
  const grid = graph.constant(points.flat(), [1, 1, height * width, 2], 'float32');
  const samples = sampleInRois(map, table, grid, { count: height * width, scale: 1 / stride }, context);
  return graph.node('Reshape', [samples, graph.ints([-1, height, width, map.shape[3]])], { allowzero: 0 });
}

/** Level by level the RoIs of its size, joined in that order. */
function fromOneLevel(
  pooling: Extract<RoIPooling, { levels: 'one' }>,
  sizedBy: string,
  { boxes, images }: Rows,
  align: (level: number, rois: Rows) => string,
  context: LoweringContext,
): { value: string; order: NonNullable<PooledRois['order']> } {
  const { graph } = context;
  const level = levelsOf(pooling, sizedBy, context);
  const parts = pooling.strides.map((_, l) => {
    const ofLevel = graph.node('Equal', [level, graph.constant([l], [], 'int64')]);
    const at = graph.node('Squeeze', [graph.node('NonZero', [ofLevel]), graph.ints([0])]);
    const rows = (value: string) => graph.node('Gather', [value, at], { axis: 0 });
    return { at, pooled: align(l, { boxes: rows(boxes), images: rows(images) }) };
  });
  const rois = graph.node(
    'Concat',
    parts.map(({ at }) => at),
    { axis: 0 },
  );
  const value = graph.node(
    'Concat',
    parts.map((part) => part.pooled),
    { axis: 0 },
  );
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [rois]), graph.ints([0])]);
  const range = graph.node('Range', [scalar(0), count, scalar(1)]);
  const places = graph.node('ScatterElements', [rois, rois, range], { axis: 0, reduction: 'none' });
  return { value, order: { places, rois } };
}

/** int64 [K]: how many powers of two the scale of an RoI reaches, in units of the finest scale. */
function levelsOf(
  { strides, finestScale }: Extract<RoIPooling, { levels: 'one' }>,
  boxes: string,
  { graph }: LoweringContext,
): string {
  const corner = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([1]), graph.ints([1])]);
  const size = graph.node('Sub', [corner(2), corner(0)]);
  const area = graph.node('ReduceProd', [size, graph.ints([1])], { keepdims: 1, noop_with_empty_axes: 0 });
  const scale = graph.node('Div', [graph.node('Sqrt', [area]), graph.float(finestScale)]);
  const powers = strides.slice(1).map((_, l) => 2 ** (l + 1));
  const reached = graph.node('GreaterOrEqual', [
    graph.node('Add', [scale, graph.float(1e-6)]),
    graph.constant(powers, [powers.length], 'float32'),
  ]); // [K, levels - 1]
  const counted = graph.node('Cast', [reached], { to: 7 });
  return graph.node('ReduceSum', [counted, graph.ints([1])], { keepdims: 0, noop_with_empty_axes: 0 });
}
