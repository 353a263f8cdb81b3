// RoIs pooled from feature levels in the graph: each from the level of its size, or all from all levels. N images with M RoIs each
// are K = N M rows, image by image.

import { DetLabError } from '../../errors';
import type { RoIExtractor, RoIPooling } from '../../models/roi-heads/types';
import type { Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';

/** Rows of RoIs. */
export interface GraphRois {
  /** xyxy in pixels of the input [K, 4]. */
  boxes: string;
  /** Index of the image of each, int64 [K]. */
  images: string;
}

export interface PooledRois {
  /** Of each level, or one for all: [K, C, h, w], and its channels. */
  maps: readonly { value: string; channels: number }[];
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
  return { boxes: flat(boxes, [-1, 4]), images: flat(graph.node('Expand', [image, shape]), [-1]) };
}

/** @throws DetLabError for an extractor that does not say what it does */
export function poolRois(
  extractor: RoIExtractor,
  features: readonly Lowered[],
  rois: GraphRois,
  context: LoweringContext,
): PooledRois {
  const { pooling, layer } = extractor;
  if (!pooling || !layer.sampling)
    throw new DetLabError(
      `RoI pooling by ${extractor.constructor.name} has no form in ONNX: give the extractor \`pooling\` and its layer \`sampling\``,
    );
  const { samplingRatio, aligned } = layer.sampling;
  const { graph } = context;
  const [height, width] = layer.outputSize;
  // with its mode "max" runtimes differ; sampling_ratio is written out because they differ on its default
  const align = (level: number, { boxes, images }: GraphRois) =>
    graph.node('RoiAlign', [features[level].get({ layout: 'channels-first', type: 'float32' }), boxes, images], {
      coordinate_transformation_mode: aligned ? 'half_pixel' : 'output_half_pixel',
      mode: 'avg',
      output_height: height,
      output_width: width,
      sampling_ratio: samplingRatio,
      spatial_scale: { float: 1 / pooling.strides[level] },
    });
  const channels = features[0].shape[3];
  if (pooling.levels === 'all')
    return {
      maps: pooling.strides.map((_, level) => ({ value: align(level, rois), channels: features[level].shape[3] })),
    };
  if (pooling.strides.length === 1) return { maps: [{ value: align(0, rois), channels }] };
  return fromOneLevel(pooling, rois, channels, align, context);
}

/** Level by level the RoIs of its size, joined in that order. */
function fromOneLevel(
  pooling: Extract<RoIPooling, { levels: 'one' }>,
  { boxes, images }: GraphRois,
  channels: number,
  align: (level: number, rois: GraphRois) => string,
  context: LoweringContext,
): PooledRois {
  const { graph } = context;
  const level = levelsOf(pooling, boxes, context);
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
  const pooled = graph.node(
    'Concat',
    parts.map((part) => part.pooled),
    { axis: 0 },
  );
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [rois]), graph.ints([0])]);
  const range = graph.node('Range', [scalar(0), count, scalar(1)]);
  const places = graph.node('ScatterElements', [rois, rois, range], { axis: 0, reduction: 'none' });
  return { maps: [{ value: pooled, channels }], order: { places, rois } };
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
