// A detector of CornerNet or CentripetalNet as a graph: the highest peaks of the heat maps of both corners, and the pairs of them that
// belong together. N images, maps of H x W cells, C classes, K peaks of each side.

import type * as tf from '@tensorflow/tfjs';
import type { CornerHead } from '../models/dense-heads/corner-head';
import { LARGE_BOX, MOST_PAIRS, REGIONS } from '../models/dense-heads/corner-pairs';
import { SIDES, type Side } from '../models/dense-heads/corner-targets';
import type { NmsConfig } from '../ops';
import { isFixed } from './alignment';
import { checkOverrides } from './check-overrides';
import type { ExportInputs, NetworkExport } from './export-network';
import type { Graph } from './graph';
import { lowerTapes } from './lower-tapes';
import { castCode, type Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import { DROPPED } from './selection/pairs';
import { detectionTable } from './selection/suppression';
import { recordTape } from './tape';

export interface CornerNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  head: CornerHead;
}

/** Of one side, [N, H, W, ...]. */
interface SideMaps {
  heat: Lowered;
  offset: Lowered;
  tag: Lowered;
}

/** The peaks of one side. */
interface GraphCorners {
  /** [N, K]. */
  score: string;
  /** int64 [N, K]. */
  label: string;
  /** x and y in pixels [N, K]. */
  at: readonly [string, string];
  /** The embedding, or x and y of the center of the box that it sees [N, K]. */
  tag: readonly string[];
}

/** @throws DetLabError for what has no form in ONNX */
export function exportCorners(
  { head, extractFeatures }: CornerNetwork,
  { examples, names, image, context, nms }: ExportInputs,
): NetworkExport {
  checkOverrides(head, [
    ['predict', 'pairing'],
    ['agreement', 'pairing'],
    ['describeCorner', 'pairing'],
  ]);
  const tapes = examples.map((example) => {
    const forward = () => {
      const maps = head.peakMaps(extractFeatures(example));
      return SIDES.flatMap((side) => [maps[side].heat, maps[side].offset, maps[side].tag]);
    };
    return recordTape([example], forward, names);
  });
  const lowered = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const maps = Object.fromEntries(
    SIDES.map((side, i) => {
      const [heat, offset, tag] = lowered.slice(3 * i);
      return [side, { heat, offset, tag }];
    }),
  ) as Record<Side, SideMaps>;
  if (!nms) return { clips: false, outputs: SIDES.flatMap((side) => rawOutputs(side, maps[side], head)) };
  const { graph } = context;
  const [tl, br] = SIDES.map((side) => corners(maps[side], side, image, head, context));
  const { nms: suppression, max_per_img: limit } = head.selection;
  const pairs = pairsOf(tl, br, head, graph);
  const table = { nms: suppression as NmsConfig | null, limit, minSize: -1 };
  return { detections: detectionTable(pairs, table, context), clips: false };
}

function rawOutputs(
  side: Side,
  maps: SideMaps,
  { numClasses, pairing }: CornerHead,
): NonNullable<NetworkExport['outputs']> {
  const of = (name: string, value: Lowered, columns: number, doc: string) => ({
    name: `${side}_${name}`,
    value: value.get({ layout: 'channels-first', type: 'float32' }),
    type: 'float32' as const,
    shape: [columns, 'rows', 'columns'],
    doc,
  });
  return [
    of('scores', maps.heat, numClasses, 'probabilities of the classes of all cells, 0 where there is no peak'),
    of('offsets', maps.offset, 2, 'x and y in the cell'),
    pairing === 'embedding'
      ? of('embeddings', maps.tag, 1, 'alike for the corners of an object')
      : of('shifts', maps.tag, 2, 'logarithms of the distance to the center of the box, in cells'),
  ];
}

const scalar = (graph: Graph, value: number) => graph.constant([value], [], 'int64');

function corners(
  { heat, offset, tag }: SideMaps,
  side: Side,
  image: string,
  { selection, numClasses, pairing }: CornerHead,
  { graph, dimensions }: LoweringContext,
): GraphCorners {
  const value = heat.get({ layout: 'same', type: 'float32' });
  const rows = (x: string, last: number[] = []) =>
    graph.node('Reshape', [x, graph.ints([0, -1, ...last])], { allowzero: 0 });
  const [, height, width] = heat.tensor.shape;
  const all = height.map((h, t) => h * width[t] * numClasses);
  const most = selection.corner_topk;
  const k = isFixed(all)
    ? graph.ints([Math.min(most, all[0])])
    : graph.node('Min', [dimensions.size(all), graph.ints([most])]);
  const [score, index] = graph.nodeOf('TopK', [rows(value), k], { axis: 1, largest: 1, sorted: 1 }, 2);
  const cell = graph.node('Div', [index, scalar(graph, numClasses)]);
  const place = graph.node('Unsqueeze', [cell, graph.ints([2])]);
  const ofPeaks = (map: Lowered, axis: number) => {
    const channels = map.shape[3];
    const table = rows(map.get({ layout: 'same', type: 'float32' }), [channels]);
    const taken = graph.node('GatherND', [table, place], { batch_dims: 1 });
    return graph.node('Gather', [taken, scalar(graph, axis)], { axis: 2 });
  };
  const side1 = (x: string, axis: number) =>
    graph.node('Cast', [graph.node('Shape', [x], { start: axis, end: axis + 1 })], { to: castCode('float32') });
  const columns = graph.node('Shape', [value], { start: 2, end: 3 });
  const cells = [graph.node('Mod', [cell, columns], { fmod: 0 }), graph.node('Div', [cell, columns])];
  const inCells = cells.map((at, axis) =>
    graph.node('Add', [graph.node('Cast', [at], { to: castCode('float32') }), ofPeaks(offset, axis)]),
  );
  // the image has its width at 3, the map at 2
  const steps = [0, 1].map((axis) => graph.node('Div', [side1(image, 3 - axis), side1(value, 2 - axis)]));
  const inPixels = (at: string, axis: number) =>
    graph.node('Max', [graph.node('Mul', [at, steps[axis]]), graph.float(0)]);
  const center = (axis: number) => {
    const distance = graph.node('Exp', [ofPeaks(tag, axis)]);
    return inPixels(graph.node(side === 'tl' ? 'Add' : 'Sub', [inCells[axis], distance]), axis);
  };
  return {
    score,
    label: graph.node('Mod', [index, scalar(graph, numClasses)], { fmod: 0 }),
    at: [inPixels(inCells[0], 0), inPixels(inCells[1], 1)],
    tag: pairing === 'embedding' ? [ofPeaks(tag, 0)] : [center(0), center(1)],
  };
}

/** The best pairs of corners that belong together. */
function pairsOf(tl: GraphCorners, br: GraphCorners, head: CornerHead, graph: Graph) {
  const first = (x: string) => graph.node('Unsqueeze', [x, graph.ints([2])]); // [N, K, 1]
  const second = (x: string) => graph.node('Unsqueeze', [x, graph.ints([1])]); // [N, 1, K]
  const op = (operation: string, a: string, b: string) => graph.node(operation, [a, b]);
  const [a, b] = [tl.at.map(first), br.at.map(second)];
  const sides = [0, 1].map((axis) => op('Sub', b[axis], a[axis]));
  const tags = { a: tl.tag.map(first), b: br.tag.map(second) };
  const { distance_threshold: threshold } = head.selection;
  const agree =
    head.pairing === 'embedding'
      ? op('LessOrEqual', graph.node('Abs', [op('Sub', tags.a[0], tags.b[0])]), graph.float(threshold))
      : sameCenter({ a, b, sides, tags, threshold }, graph);
  const conditions = [
    agree,
    op('Equal', first(tl.label), second(br.label)),
    op('Greater', b[0], a[0]),
    op('Greater', b[1], a[1]),
    op('Greater', first(tl.score), graph.float(0)),
    op('Greater', second(br.score), graph.float(0)),
  ];
  const valid = conditions.reduce((both, one) => op('And', both, one));
  const mean = op('Mul', op('Add', first(tl.score), second(br.score)), graph.float(0.5));
  const scores = graph.node('Where', [valid, mean, graph.float(DROPPED)]);
  const flat = graph.node('Reshape', [scores, graph.ints([0, -1])], { allowzero: 0 });
  const total = graph.node('Shape', [flat], { start: 1, end: 2 });
  const k = op('Min', total, graph.ints([MOST_PAIRS]));
  const [best, index] = graph.nodeOf('TopK', [flat, k], { axis: 1, largest: 1, sorted: 1 }, 2);
  const count = graph.node('Shape', [br.score], { start: 1, end: 2 });
  const corner = [op('Div', index, count), graph.node('Mod', [index, count], { fmod: 0 })].map((at) =>
    graph.node('Unsqueeze', [at, graph.ints([2])]),
  );
  const take = (x: string, at: string) => graph.node('GatherND', [x, at], { batch_dims: 1 });
  const boxes = [tl, br].flatMap(({ at }, i) =>
    at.map((x) => graph.node('Unsqueeze', [take(x, corner[i]), graph.ints([2])])),
  );
  return {
    boxes: graph.node('Concat', boxes, { axis: 2 }),
    scores: best,
    labels: take(tl.label, corner[0]),
    count: [0, 1],
  };
}

interface CenterPairs {
  a: readonly string[];
  b: readonly string[];
  /** Widths and heights [N, K, K]. */
  sides: readonly string[];
  tags: { a: readonly string[]; b: readonly string[] };
  threshold: number;
}

/** Both centers in the central region of the box, and near each other: `sameCenter` of corner-pairs.ts. */
function sameCenter({ a, b, sides, tags, threshold }: CenterPairs, graph: Graph): string {
  const op = (operation: string, x: string, y: string) => graph.node(operation, [x, y]);
  const isLarge = op('Greater', op('Mul', sides[0], sides[1]), graph.float(LARGE_BOX));
  const share = graph.node('Where', [isLarge, graph.float(1 / REGIONS.large), graph.float(1 / REGIONS.small)]);
  const half = sides.map((side) => op('Mul', op('Mul', share, side), graph.float(0.5)));
  const inside = [0, 1].flatMap((axis) => {
    const middle = op('Mul', op('Add', a[axis], b[axis]), graph.float(0.5));
    return [tags.a[axis], tags.b[axis]].map((center) =>
      op('Less', graph.node('Abs', [op('Sub', center, middle)]), half[axis]),
    );
  });
  const [dx, dy] = [0, 1].map((axis) => op('Sub', tags.b[axis], tags.a[axis]));
  const between = graph.node('Abs', [op('Mul', dx, dy)]);
  const region = op('Mul', op('Mul', half[0], half[1]), graph.float(4 * threshold));
  return [...inside, op('LessOrEqual', between, region)].reduce((both, one) => op('And', both, one));
}
