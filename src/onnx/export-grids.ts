// A detector of SOLO as a graph: cells above the threshold with their masks, matrix NMS, and boxes around what is left
// (models/mask-heads/grid-detections.ts). N images, K candidates, C classes, h x w cells of the finest map.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import type { GridMaskHead } from '../models/mask-heads/grid-mask-head';
import type { GridMaskParts } from '../models/mask-heads/grid-mask-parts';
import { checkOverrides } from './check-overrides';
import type { ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import { castCode, type Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import { aroundMasks } from './masks/boxes-around';
import { cellMasks, type GraphGridMasks, mapOf } from './masks/grid-masks';
import { describedMasks, maskSides } from './masks/image-masks';
import { resized } from './masks/resized';
import { matrixSuppressed } from './selection/matrix-suppression';
import { mostDetections } from './selection/most-detections';
import { DROPPED } from './selection/pairs';
import { recordTape } from './tape';

export interface GridNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  // biome-ignore lint/suspicious/noExplicitAny: heads of any config and maps
  head: GridMaskHead<any, any>;
}

/** (cell, class) pairs of the graph. */
interface Candidates {
  /** [N, K]; DROPPED where there is none. */
  scores: string;
  /** int64 [N, K]. */
  labels: string;
  /** Probabilities [N, K, h, w], and pixels above the threshold [N, K]. */
  masks: string;
  areas: string;
}

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };
const RANKED = { axis: 1, largest: 1, sorted: 1 };
const scalar = (value: number, { graph }: LoweringContext) => graph.constant([value], [], 'int64');

/** @throws DetLabError for what has no form in ONNX */
export function exportGrids({ head, extractFeatures }: GridNetwork, inputs: ExportInputs): NetworkExport {
  const { examples, names, image, sizes, context, nms } = inputs;
  if (!nms) throw new DetLabError('its detections are made of masks. Leave nms out');
  checkOverrides(head, [
    ['predict', 'gridTensors'],
    ['probabilities', 'levelTensors'],
  ]);
  let shapes: string[][] = [];
  const tapes = examples.map((example) => {
    const forward = () => {
      const { scores, masks } = head.gridTensors(extractFeatures(example));
      shapes = masks.map((level) => Object.entries(level).flatMap(([name, tensor]) => (tensor ? [name] : [])));
      return [...scores, ...masks.flatMap((level) => Object.values(level).filter(Boolean))];
    };
    return recordTape([example], forward, names);
  });
  const tensors = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const scores = tensors.splice(0, shapes.length);
  const masks = shapes.map(
    (keys) => Object.fromEntries(keys.map((key) => [key, tensors.shift()!])) as unknown as GraphGridMasks,
  );
  const { gridParts: parts } = head;
  const finest = mapOf(masks[0]);
  checkSides(finest, examples, parts.stride);
  const fit = fitting(finest, context);
  const levels = scores.map((level, i) => candidatesOf(level, masks[i], parts, i, fit, context));
  const best = strongest(joined(levels, context), parts.cfg.nms_pre, context);
  const found = strongest({ ...best, scores: decayed(best, parts, context) }, parts.cfg.max_per_img, context);
  const valid = context.graph.node('GreaterOrEqual', [found.scores, context.graph.float(0)]);
  const each = context.graph.node('Unsqueeze', [valid, context.graph.ints([2, 3])]);
  const kept = context.graph.node('Where', [each, found.masks, context.graph.float(0)]);
  const { boxes } = aroundMasks(kept, parts.cfg.mask_thr, { image, sizes: sizes() }, context);
  return {
    clips: true,
    detections: {
      boxes,
      scores: context.graph.node('Where', [valid, found.scores, context.graph.float(0)]),
      labels: context.graph.node('Where', [valid, found.labels, scalar(-1, context)]),
      count: undefined,
      around: true,
    },
    outputs: [
      {
        name: 'masks',
        value: kept,
        type: 'float32',
        shape: ['detections', ...maskSides(finest.tensor, 1)],
        doc: describedMasks({ values: 'probabilities', cells: 'centered', threshold: parts.cfg.mask_thr }),
      },
    ],
  };
}

/** @throws DetLabError for an input of which the masks leave out pixels */
function checkSides({ tensor }: Lowered, examples: readonly tf.Tensor4D[], stride: number): void {
  for (const [t, { shape }] of examples.entries())
    for (const axis of [1, 2])
      if (tensor.shape[axis][t] * stride !== shape[axis])
        throw new DetLabError(
          `its masks are ${tensor.shape[axis][t]} cells of ${stride} pixels wide or high, the input has ${shape[axis]}. ` +
            'Use sizes that are multiples of 32',
        );
}

/** Brings maps [N, K, h, w] of a level to the size of the finest. */
function fitting(finest: Lowered, { graph }: LoweringContext): (level: Lowered) => (maps: string) => string {
  const sides = (x: Lowered) => x.tensor.shape.slice(1, 3).join(' x ');
  const size = graph.node('Shape', [finest.get({ layout: 'channels-first', type: 'float32' })], { start: 2, end: 4 });
  return (level) => (maps) => (sides(level) === sides(finest) ? maps : resized(maps, size, graph));
}

/** The pairs of a level above the threshold whose masks are large enough; scores times the mean probability in the mask. */
function candidatesOf(
  level: Lowered,
  masks: GraphGridMasks,
  { classes, minAreas, cfg }: GridMaskParts,
  index: number,
  fit: ReturnType<typeof fitting>,
  context: LoweringContext,
): Candidates {
  const { graph } = context;
  const all = graph.node('Reshape', [level.get({ layout: 'same', type: 'float32' }), graph.ints([0, -1])], {
    allowzero: 0,
  });
  const above = graph.node('Greater', [all, graph.float(Math.fround(cfg.score_thr))]);
  const some = graph.node('Where', [above, all, graph.float(DROPPED)]);
  const [scores, places] = graph.nodeOf('TopK', [some, mostDetections(some, context)], RANKED, 2);
  const width = scalar(classes, context);
  const cells = graph.node('Div', [places, width]);
  const likely = cellMasks(masks, cells, fit(mapOf(masks)), graph);
  const inside = insideOf(likely, cfg.mask_thr, context);
  const sum = (value: string) => graph.node('ReduceSum', [value, graph.ints([2, 3])], REDUCED);
  const areas = sum(inside);
  const mean = graph.node('Div', [sum(graph.node('Mul', [likely, inside])), areas]);
  const large = graph.node('Greater', [areas, graph.float(minAreas[index])]);
  const found = graph.node('And', [large, graph.node('GreaterOrEqual', [scores, graph.float(0)])]);
  return {
    scores: graph.node('Where', [found, graph.node('Mul', [scores, mean]), graph.float(DROPPED)]),
    labels: graph.node('Mod', [places, width], { fmod: 0 }),
    masks: likely,
    areas,
  };
}

function insideOf(likely: string, threshold: number, { graph }: LoweringContext): string {
  const inside = graph.node('Greater', [likely, graph.float(Math.fround(threshold))]);
  return graph.node('Cast', [inside], { to: castCode('float32') });
}

function joined(levels: readonly Candidates[], { graph }: LoweringContext): Candidates {
  if (levels.length === 1) return levels[0];
  const all = (key: keyof Candidates) =>
    graph.node(
      'Concat',
      levels.map((level) => level[key]),
      { axis: 1 },
    );
  return { scores: all('scores'), labels: all('labels'), masks: all('masks'), areas: all('areas') };
}

/** The best `limit`, all if it is not above 0; without rows that no image has. */
function strongest({ scores, labels, masks, areas }: Candidates, limit: number, context: LoweringContext): Candidates {
  const { graph } = context;
  const most = mostDetections(scores, context);
  const k = limit > 0 ? graph.node('Min', [most, graph.ints([limit])]) : most;
  const [best, index] = graph.nodeOf('TopK', [scores, k], RANKED, 2);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  return { scores: best, labels: take(labels), masks: take(masks), areas: take(areas) };
}

/** Scores after the matrix NMS; DROPPED where they are too low. */
function decayed(
  { scores, labels, masks, areas }: Candidates,
  { cfg }: GridMaskParts,
  context: LoweringContext,
): string {
  const { graph } = context;
  const inside = graph.node('Reshape', [insideOf(masks, cfg.mask_thr, context), graph.ints([0, 0, -1])], {
    allowzero: 0,
  });
  const after = matrixSuppressed({ inside, areas, labels, scores }, cfg, graph);
  const valid = graph.node('GreaterOrEqual', [scores, graph.float(0)]);
  const high = graph.node('GreaterOrEqual', [after, graph.float(Math.fround(Math.max(cfg.filter_thr, 0)))]);
  return graph.node('Where', [graph.node('And', [valid, high]), after, graph.float(DROPPED)]);
}
