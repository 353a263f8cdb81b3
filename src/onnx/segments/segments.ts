// Segments of things and stuff in the graph: which pixels are whose, and the things among them as detections. N images, S segments, H x W
// pixels of the input.

import type { ExportedOutput } from '../export-network';
import type { Dimension } from '../graph';
import type { LoweringContext } from '../lowering';
import { boxAround, type ImageFrame, isAt, pixelNumbers, placesAlong } from '../masks/image-frame';
import { mostDetections } from '../selection/most-detections';
import { DROPPED } from '../selection/pairs';
import type { GraphDetections } from '../selection/suppression';

export interface GraphSegments {
  /** Of every pixel the number of its segment, -1 of none: int64 [N, H, W]. */
  map: string;
  /** int64 [N, S]; -1 where there is no such segment. */
  labels: string;
  /** [N, S]; 0 where there is none. */
  scores: string;
}

export function segmentOutputs(
  { map, labels, scores }: GraphSegments,
  sides: readonly Dimension[],
  { numThings, scored }: { numThings: number; scored: string },
): ExportedOutput[] {
  return [
    {
      name: 'segments',
      value: map,
      type: 'int64',
      shape: sides,
      doc: 'of each pixel of the input the number of its segment, -1 where there is none',
    },
    {
      name: 'segment_labels',
      value: labels,
      type: 'int64',
      shape: ['segments'],
      doc: `by number of the segment the index of its class, below ${numThings} of things; -1 where there is no such segment`,
    },
    { name: 'segment_scores', value: scores, type: 'float32', shape: ['segments'], doc: scored },
  ];
}

/** Boxes [N, S, 4] around the segments, one after another. */
function boxesOf(map: string, labels: string, frame: ImageFrame, context: LoweringContext): string {
  const { graph } = context;
  const { places, count } = placesAlong(labels, 1, context);
  const numbers = pixelNumbers(frame, context);
  const pixels = graph.node('Unsqueeze', [map, graph.ints([1])]);
  const table = graph.node('Concat', [graph.node('Shape', [labels]), graph.ints([4])], { axis: 0 });
  const empty = graph.node('Expand', [graph.float(0), table]);
  const body = ([boxes]: string[], run: string) => {
    const own = graph.node('Cast', [graph.node('Equal', [pixels, run])], { to: 1 });
    const box = graph.node('Unsqueeze', [boxAround(own, numbers, graph.float(0.5), context), graph.ints([1])]);
    return {
      next: [graph.node('Where', [isAt(run, places, context, [0, 2]), box, boxes])],
      more: graph.node('Less', [run, count]),
    };
  };
  return graph.loop(count, [{ value: empty, type: 'float32', rank: 3 }], body)[0];
}

/** The things among the segments, best first, and the number of the segment of each. */
export function thingsAmong(
  { map, labels, scores }: GraphSegments,
  numThings: number,
  frame: ImageFrame,
  context: LoweringContext,
): { detections: GraphDetections; numbers: ExportedOutput } {
  const { graph } = context;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const isThing = graph.node('And', [
    graph.node('GreaterOrEqual', [labels, scalar(0)]),
    graph.node('Less', [labels, scalar(numThings)]),
  ]);
  const own = graph.node('Where', [isThing, scores, graph.float(DROPPED)]);
  const [best, index] = graph.nodeOf(
    'TopK',
    [own, mostDetections(own, context)],
    { axis: 1, largest: 1, sorted: 1 },
    2,
  );
  const valid = graph.node('GreaterOrEqual', [best, graph.float(0)]);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  const each = graph.node('Unsqueeze', [valid, graph.ints([2])]);
  return {
    detections: {
      boxes: graph.node('Where', [each, take(boxesOf(map, labels, frame, context)), graph.float(0)]),
      scores: graph.node('Where', [valid, best, graph.float(0)]),
      labels: graph.node('Where', [valid, take(labels), scalar(-1)]),
      count: undefined,
      around: true,
    },
    numbers: {
      name: 'detection_segments',
      value: graph.node('Where', [valid, index, scalar(-1)]),
      type: 'int64',
      shape: ['detections'],
      doc: 'the number of the segment of each detection, whose pixels are its mask',
    },
  };
}
