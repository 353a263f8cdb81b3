// Segments of queries in the graph: each pixel is of the query with the highest product of both probabilities
// (models/seg-heads/panoptic-fusion-heads/mask-former-fusion-head.ts). One query after another, as their masks in the size of the
// input would take gigabytes. N images, Q queries, K of them likely, H x W pixels of the input.

import type { MaskFormerTestCfg } from '../../models/seg-heads/panoptic-fusion-heads/mask-former-fusion-head';
import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import { type ImageFrame, inputSides, insideImage, isAt, placesAlong } from '../masks/image-frame';
import { resized } from '../masks/resized';
import { mostDetections } from '../selection/most-detections';
import { DROPPED } from '../selection/pairs';
import type { GraphSegments } from './segments';

export interface GraphQueryMasks {
  /** Probabilities of the classes and of no object [N, Q, C + 1]. */
  likely: string;
  classes: number;
  /** Logits [N, Q, h, w]. */
  masks: string;
}

/** The likely queries of each image in their order; a score of DROPPED where there are fewer. */
interface Chosen {
  /** [N, K] and int64 [N, K]. */
  scores: string;
  labels: string;
  /** Logits [N, K, h, w]. */
  masks: string;
}

/** Of pixels [N, 1, H, W]. */
interface Owners {
  /** The number among the chosen, int64; -1 of none. */
  owner: string;
  /** bool: whether the pixel is more probably inside of its owner's mask than outside. */
  certain: string;
  /** How many pixels the mask of each has [N, K]. */
  whole: string;
}

const REDUCED = { keepdims: 0, noop_with_empty_axes: 0 };
const scalar = (value: number, { graph }: LoweringContext) => graph.constant([value], [], 'int64');
const counted = (mask: string, { graph }: LoweringContext) =>
  graph.node('ReduceSum', [graph.node('Cast', [mask], { to: castCode('float32') }), graph.ints([2, 3])], REDUCED);

function chosenQueries(
  { likely, classes, masks }: GraphQueryMasks,
  threshold: number,
  context: LoweringContext,
): Chosen {
  const { graph } = context;
  const best = graph.node('ReduceMax', [likely, graph.ints([2])], REDUCED);
  const label = graph.node('ArgMax', [likely], { axis: 2, keepdims: 0, select_last_index: 0 });
  const isLikely = graph.node('And', [
    graph.node('Less', [label, scalar(classes, context)]),
    graph.node('Greater', [best, graph.float(Math.fround(threshold))]),
  ]);
  const { places, count } = placesAlong(likely, 1, context);
  const rank = graph.node('Cast', [graph.node('Sub', [count, places])], { to: castCode('float32') });
  const order = graph.node('Where', [isLikely, rank, graph.float(DROPPED)]);
  const ranked = { axis: 1, largest: 1, sorted: 1 };
  const [known, index] = graph.nodeOf('TopK', [order, mostDetections(order, context)], ranked, 2);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  const valid = graph.node('Greater', [known, graph.float(0)]);
  return {
    scores: graph.node('Where', [valid, take(best), graph.float(DROPPED)]),
    labels: take(label),
    masks: take(masks),
  };
}

function ownersOf({ scores, masks }: Chosen, frame: ImageFrame, context: LoweringContext): Owners {
  const { graph } = context;
  const inside = insideImage(frame, context);
  const sides = inputSides(frame, context);
  const { places, count } = placesAlong(scores, 1, context);
  const shape = graph.node('Shape', [inside]);
  const filled = (value: string, size: string) => graph.node('Expand', [value, size]);
  const body = ([best, owner, certain, whole]: string[], run: string) => {
    const at = graph.node('Unsqueeze', [run, graph.ints([0])]);
    const take = (value: string) => graph.node('Gather', [value, at], { axis: 1 });
    const likely = graph.node('Sigmoid', [resized(take(masks), sides, graph)]);
    const score = graph.node('Unsqueeze', [take(scores), graph.ints([2, 3])]);
    const live = graph.node('And', [inside, graph.node('GreaterOrEqual', [score, graph.float(0)])]);
    const isIn = graph.node('And', [live, graph.node('GreaterOrEqual', [likely, graph.float(0.5)])]);
    const product = graph.node('Where', [live, graph.node('Mul', [likely, score]), graph.float(2 * DROPPED)]);
    const better = graph.node('Greater', [product, best]);
    const still = graph.node('And', [graph.node('Not', [better]), certain]);
    return {
      next: [
        graph.node('Where', [better, product, best]),
        graph.node('Where', [better, run, owner]),
        graph.node('Or', [graph.node('And', [better, isIn]), still]),
        graph.node('Where', [isAt(run, places, context, [0]), counted(isIn, context), whole]),
      ],
      more: graph.node('Less', [run, count]),
    };
  };
  const [, owner, certain, whole] = graph.loop(
    count,
    [
      { value: filled(graph.float(DROPPED), shape), type: 'float32', rank: 4 },
      { value: filled(scalar(-1, context), shape), type: 'int64', rank: 4 },
      { value: filled(graph.constant([0], [], 'bool'), shape), type: 'bool', rank: 4 },
      { value: filled(graph.float(0), graph.node('Shape', [scores])), type: 'float32', rank: 2 },
    ],
    body,
  );
  return { owner, certain, whole };
}

/** How many pixels each of the chosen owns, and how many of these are shown: [N, K]. */
function ownedPixels(
  { owner, whole }: Owners,
  shown: string | undefined,
  context: LoweringContext,
): { owned: string; seen: string } {
  const { graph } = context;
  const { places, count } = placesAlong(whole, 1, context);
  const zeros = graph.node('Expand', [graph.float(0), graph.node('Shape', [whole])]);
  const body = ([owned, seen]: string[], run: string) => {
    const own = graph.node('Equal', [owner, run]);
    const isHere = isAt(run, places, context, [0]);
    const put = (mask: string, table: string) => graph.node('Where', [isHere, counted(mask, context), table]);
    return {
      next: [put(own, owned), put(shown ? graph.node('And', [own, shown]) : own, seen)],
      more: graph.node('Less', [run, count]),
    };
  };
  const state = { value: zeros, type: 'float32', rank: 2 } as const;
  const [owned, seen] = graph.loop(count, [state, state], body);
  return { owned, seen };
}

export function querySegments(
  queries: GraphQueryMasks,
  cfg: MaskFormerTestCfg,
  numThings: number,
  frame: ImageFrame,
  context: LoweringContext,
): GraphSegments {
  const { graph } = context;
  const chosen = chosenQueries(queries, cfg.object_mask_thr, context);
  const { labels, scores } = chosen;
  const owners = ownersOf(chosen, frame, context);
  const shown = cfg.filter_low_score ? owners.certain : undefined;
  const { owned, seen } = ownedPixels(owners, shown, context);
  const share = graph.node('Div', [owned, graph.node('Max', [owners.whole, graph.float(1)])]);
  const kept = [
    graph.node('Greater', [owned, graph.float(0)]),
    graph.node('Greater', [owners.whole, graph.float(0)]),
    graph.node('GreaterOrEqual', [share, graph.float(Math.fround(cfg.iou_thr))]),
  ].reduce((a, b) => graph.node('And', [a, b]));
  const row = (value: string) => graph.node('Unsqueeze', [value, graph.ints([2])]);
  const column = (value: string) => graph.node('Unsqueeze', [value, graph.ints([1])]);
  const float = (value: string) => graph.node('Cast', [value], { to: castCode('float32') });
  const { places } = placesAlong(labels, 1, context);
  // the regions of a class of stuff are one segment, of the first
  const same = graph.node('And', [graph.node('Equal', [row(labels), column(labels)]), column(kept)]);
  const first = graph.node('ArgMax', [float(same)], { axis: 2, keepdims: 0, select_last_index: 0 });
  const isThing = graph.node('Less', [labels, scalar(numThings, context)]);
  const number = graph.node('Where', [kept, graph.node('Where', [isThing, places, first]), scalar(-1, context)]);
  const has = graph.node('And', [
    graph.node('Equal', [row(number), places]),
    row(graph.node('Greater', [seen, graph.float(0)])),
  ]);
  const most = graph.node('ReduceMax', [float(has), graph.ints([1])], REDUCED);
  const present = graph.node('Greater', [most, graph.float(0)]);
  return {
    map: numbered(owners.owner, shown, number, frame, context),
    labels: graph.node('Where', [present, labels, scalar(-1, context)]),
    scores: graph.node('Where', [present, scores, graph.float(0)]),
  };
}

/** The numbers of the segments of pixels [N, H, W], by those of their owners. */
function numbered(
  owner: string,
  shown: string | undefined,
  numbers: string,
  frame: ImageFrame,
  context: LoweringContext,
): string {
  const { graph } = context;
  const none = scalar(-1, context);
  const seen = shown ? graph.node('Where', [shown, owner, none]) : owner;
  const flat = graph.node('Reshape', [seen, graph.ints([0, -1])], { allowzero: 0 });
  const known = graph.node('GatherElements', [numbers, graph.node('Max', [flat, scalar(0, context)])], { axis: 1 });
  const own = graph.node('Where', [graph.node('Less', [flat, scalar(0, context)]), none, known]);
  const size = graph.node('Concat', [graph.ints([0]), inputSides(frame, context)], { axis: 0 });
  return graph.node('Reshape', [own, size], { allowzero: 0 });
}
