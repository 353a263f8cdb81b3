// Segments of Panoptic FPN in the graph: the masks of detections over one another, best first, and stuff where none is
// (models/seg-heads/panoptic-fusion-heads/heuristic-fusion-head.ts). One mask and one class after another, as all in the size of the
// input would take gigabytes. N images, M detections, C classes of stuff, H x W pixels of the input.

import type { HeuristicTestCfg } from '../../models/seg-heads/panoptic-fusion-heads/heuristic-fusion-head';
import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import { type ImageFrame, inputSides, insideImage, isAt, placesAlong } from '../masks/image-frame';
import { resized } from '../masks/resized';
import type { GraphDetections } from '../selection/suppression';
import { pasted, pastedAxes } from './pasted-masks';
import type { GraphSegments } from './segments';

export interface PanopticParts {
  things: number;
  stuff: number;
  /** Probability from which a pixel is in the mask of a detection. */
  threshold: number;
  cfg: HeuristicTestCfg;
}

export interface GraphPanoptic {
  detections: GraphDetections;
  /** Probabilities over the boxes [N, M, h, w]. */
  masks: string;
  /** Logits of the classes of stuff, then of all things [N, C + 1, h, w]. */
  semantic: string;
}

const scalar = (value: number, { graph }: LoweringContext) => graph.constant([value], [], 'int64');
const counted = (pixels: string, { graph }: LoweringContext) =>
  graph.node('ReduceSum', [graph.node('Cast', [pixels], { to: castCode('float32') }), graph.ints([1, 2, 3])], {
    keepdims: 0,
    noop_with_empty_axes: 0,
  });
/** A number of each image [N] as a column of a table. */
const column = (value: string, { graph }: LoweringContext) => graph.node('Unsqueeze', [value, graph.ints([1])]);

/** Of pixels [N, 1, H, W] the detection that is laid there, -1 of none; and which detections are anywhere, bool [N, M]. */
function laidMasks(
  { detections: { boxes, labels }, masks }: GraphPanoptic,
  { threshold, cfg }: PanopticParts,
  frame: ImageFrame,
  context: LoweringContext,
): { laid: string; seen: string } {
  const { graph } = context;
  const inside = insideImage(frame, context);
  const axes = pastedAxes(masks, frame.image, context);
  const { places, count } = placesAlong(labels, 1, context);
  const body = ([laid, seen]: string[], run: string) => {
    const at = graph.node('Unsqueeze', [run, graph.ints([0])]);
    const take = (value: string) => graph.node('Gather', [value, at], { axis: 1 });
    const likely = pasted(take(masks), take(boxes), axes, context);
    const isKnown = graph.node('GreaterOrEqual', [take(labels), scalar(0, context)]); // [N, 1]
    const live = graph.node('And', [inside, graph.node('Unsqueeze', [isKnown, graph.ints([2, 3])])]);
    const own = graph.node('And', [live, graph.node('GreaterOrEqual', [likely, graph.float(Math.fround(threshold))])]);
    const free = graph.node('And', [own, graph.node('Less', [laid, scalar(0, context)])]);
    const [whole, left] = [counted(own, context), counted(free, context)];
    const covered = graph.node('Div', [
      graph.node('Sub', [whole, left]),
      graph.node('Add', [whole, graph.float(1e-5)]),
    ]);
    const isLaid = graph.node('And', [
      graph.node('Greater', [left, graph.float(0)]),
      graph.node('LessOrEqual', [covered, graph.float(Math.fround(cfg.mask_overlap))]),
    ]);
    const here = graph.node('And', [graph.node('Unsqueeze', [isLaid, graph.ints([1, 2, 3])]), free]);
    const among = graph.node('And', [isAt(run, places, context, [0]), column(isLaid, context)]);
    return {
      next: [graph.node('Where', [here, run, laid]), graph.node('Or', [among, seen])],
      more: graph.node('Less', [run, count]),
    };
  };
  const filled = (value: string, like: string) => graph.node('Expand', [value, graph.node('Shape', [like])]);
  const [laid, seen] = graph.loop(
    count,
    [
      { value: filled(scalar(-1, context), inside), type: 'int64', rank: 4 },
      { value: filled(graph.constant([0], [], 'bool'), labels), type: 'bool', rank: 2 },
    ],
    body,
  );
  return { laid, seen };
}

/** The most probable class of each pixel, int64 [N, 1, H, W]; `stuff` of things. */
function semanticMap(semantic: string, frame: ImageFrame, context: LoweringContext): string {
  const { graph } = context;
  const sides = inputSides(frame, context);
  const { count } = placesAlong(semantic, 1, context);
  const size = graph.node('Concat', [graph.node('Shape', [semantic], { start: 0, end: 1 }), graph.ints([1]), sides], {
    axis: 0,
  });
  const body = ([best, label]: string[], run: string) => {
    const at = graph.node('Unsqueeze', [run, graph.ints([0])]);
    const values = resized(graph.node('Gather', [semantic, at], { axis: 1 }), sides, graph);
    const better = graph.node('Greater', [values, best]);
    return {
      next: [graph.node('Where', [better, values, best]), graph.node('Where', [better, run, label])],
      more: graph.node('Less', [run, count]),
    };
  };
  return graph.loop(
    count,
    [
      { value: graph.node('Expand', [graph.float(-3e38), size]), type: 'float32', rank: 4 },
      { value: graph.node('Expand', [scalar(0, context), size]), type: 'int64', rank: 4 },
    ],
    body,
  )[1];
}

/** Of classes [N, 1, H, W] at free pixels how many there are of each class of stuff, [N, C]. */
function stuffAreas(classes: string, free: string, stuff: number, context: LoweringContext): string {
  const { graph } = context;
  const images = graph.node('Shape', [classes], { start: 0, end: 1 });
  const table = graph.node('Concat', [images, graph.ints([stuff])], { axis: 0 });
  const places = graph.constant(
    Array.from({ length: stuff }, (_, c) => c),
    [stuff],
    'int64',
  );
  const body = ([areas]: string[], run: string) => {
    const own = counted(graph.node('And', [free, graph.node('Equal', [classes, run])]), context);
    return {
      next: [graph.node('Where', [isAt(run, places, context, [0]), column(own, context), areas])],
      more: graph.node('Less', [run, scalar(stuff, context)]),
    };
  };
  const state = { value: graph.node('Expand', [graph.float(0), table]), type: 'float32', rank: 2 } as const;
  return graph.loop(scalar(stuff, context), [state], body)[0];
}

/** Numbers of segments: those of detections are theirs, those of stuff are after them. */
export function heuristicSegments(
  found: GraphPanoptic,
  parts: PanopticParts,
  frame: ImageFrame,
  context: LoweringContext,
): GraphSegments {
  const { graph } = context;
  const { things, stuff, cfg } = parts;
  const { labels, scores } = found.detections;
  const none = scalar(-1, context);
  const { laid, seen } = laidMasks(found, parts, frame, context);
  const classes = semanticMap(found.semantic, frame, context);
  const free = graph.node('And', [insideImage(frame, context), graph.node('Less', [laid, scalar(0, context)])]);
  const areas = stuffAreas(classes, free, stuff, context);
  const least = graph.float(Math.max(cfg.stuff_area_limit, 1));
  const large = graph.node('GreaterOrEqual', [areas, least]); // [N, C]
  const { count } = placesAlong(labels, 1, context);
  const ofStuff = (from: string) => {
    const numbers = graph.constant(
      Array.from({ length: stuff }, (_, c) => c),
      [stuff],
      'int64',
    );
    return graph.node('Where', [large, graph.node('Add', [numbers, from]), none]);
  };
  // the column after stuff is that of things, which are no segment
  const images = graph.node('Shape', [labels], { start: 0, end: 1 });
  const ofThings = graph.node('Expand', [none, graph.node('Concat', [images, graph.ints([1])], { axis: 0 })]);
  const numbers = graph.node('Concat', [ofStuff(count), ofThings], { axis: 1 });
  const flat = graph.node('Reshape', [classes, graph.ints([0, -1])], { allowzero: 0 });
  const numbered = graph.node(
    'Reshape',
    [graph.node('GatherElements', [numbers, flat], { axis: 1 }), graph.node('Shape', [classes])],
    { allowzero: 0 },
  );
  const map = graph.node('Where', [free, numbered, laid]);
  return {
    map: graph.node('Squeeze', [map, graph.ints([1])]),
    labels: graph.node('Concat', [graph.node('Where', [seen, labels, none]), ofStuff(scalar(things, context))], {
      axis: 1,
    }),
    scores: graph.node(
      'Concat',
      [
        graph.node('Where', [seen, scores, graph.float(0)]),
        graph.node('Expand', [graph.float(0), graph.node('Shape', [large])]),
      ],
      { axis: 1 },
    ),
  };
}
