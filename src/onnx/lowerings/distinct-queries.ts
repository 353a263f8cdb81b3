// NMS inside of a network, by which DDQ selects its queries: models/layers/transformer/distinct-queries.ts.

import { DetLabError } from '../../errors';
import type { NmsConfig } from '../../ops';
import type { Graph } from '../graph';
import { castCode, type Variant } from '../lowered';
import type { Call, Lowering } from '../lowering';
import { DROPPED } from '../selection/pairs';
import { nextFloat } from '../selection/suppression';

const FLOATS: Variant = { layout: 'same', type: 'float32' };

/** Boxes [B, S, 4], cxcywh to xyxy. */
function corners(boxes: string, graph: Graph): string {
  const part = (from: number) =>
    graph.node('Slice', [boxes, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const half = graph.node('Mul', [part(2), graph.float(0.5)]);
  return graph.node('Concat', [graph.node('Sub', [part(0), half]), graph.node('Add', [part(0), half])], { axis: 2 });
}

/** Image and index of the boxes that are kept, int64 [K, 2], among those whose score is not dropped. */
function keptPlaces(call: Call, scores: string, most: number): string {
  const { graph } = call;
  const { type = 'nms', iou_threshold: threshold, offset = 0 } = call.attrs.nms as NmsConfig;
  if (type !== 'nms' || threshold === undefined || offset !== 0)
    throw new DetLabError('its dqs_cfg is no plain NMS. Use one with type "nms" and an iou_threshold');
  const selected = graph.node(
    'NonMaxSuppression',
    [
      corners(call.inputs.boxes.get(FLOATS), graph),
      graph.node('Unsqueeze', [scores, graph.ints([1])]),
      graph.constant([most], [1], 'int64'),
      graph.constant([nextFloat(threshold)], [1], 'float32'),
      graph.constant([DROPPED / 2], [1], 'float32'),
    ],
    { center_point_box: 0 },
  ); // [K, 3]: image, 0, box
  return graph.node('Gather', [selected, graph.ints([0, 2])], { axis: 1 });
}

const filled = (value: number, like: string, graph: Graph): string =>
  graph.node('Expand', [graph.float(value), graph.node('Shape', [like])]);

const distinctIndices: Lowering = (call) => {
  const { graph } = call;
  const { k } = call.attrs;
  const scores = call.inputs.scores.get(FLOATS);
  const places = keptPlaces(call, scores, k);
  const kept = graph.node('GatherND', [scores, places], { batch_dims: 0 });
  const table = graph.node('ScatterND', [filled(DROPPED, scores, graph), places, kept], { reduction: 'none' });
  const [best, index] = graph.nodeOf('TopK', [table, graph.ints([k])], { axis: 1, largest: 1, sorted: 1 }, 2);
  const valid = graph.node('GreaterOrEqual', [best, graph.float(0)]);
  const found = graph.node('Where', [valid, index, graph.constant([-1], [], 'int64')]);
  call.give('Cast', [found], { to: castCode('int32') }, { layout: 'same', type: 'int32' });
};

const distinctFlags: Lowering = (call) => {
  const { graph } = call;
  const shown = graph.node('Greater', [call.inputs.visible.get(FLOATS), graph.float(0)]);
  const scores = graph.node('Where', [shown, call.inputs.scores.get(FLOATS), graph.float(DROPPED)]);
  const places = keptPlaces(call, scores, 2 ** 31 - 1);
  const count = graph.node('Shape', [places], { start: 0, end: 1 });
  const ones = graph.node('Expand', [graph.float(1), count]);
  call.give('ScatterND', [filled(0, scores, graph), places, ones], { reduction: 'none' }, FLOATS);
};

export const distinctQueryLowerings: Record<string, Lowering> = {
  DistinctIndices: distinctIndices,
  DistinctFlags: distinctFlags,
};
