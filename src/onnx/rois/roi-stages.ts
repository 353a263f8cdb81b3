// The stages of a second stage in the graph: RoIs are pooled, classified and refined, and enter the next stage. K rows: N images
// with M RoIs each.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { RoIHeadParts } from '../../models/roi-heads/roi-head-parts';
import type { BoxHead } from '../../models/roi-heads/types';
import { clip } from '../clip-boxes';
import type { LoweringContext } from '../lowering';
import type { ParameterNames } from '../tape';
import { poolRois, type RoiMaps, roiRows } from './pool-rois';
import { type RowInput, recordRows } from './record-rows';

export interface StagesInputs {
  maps: RoiMaps;
  /** [N, M, 4]. */
  boxes: string;
  /** Heights and widths of the images [N, 2]. */
  sizes: () => string;
  names: ParameterNames;
  context: LoweringContext;
}

/** Of the RoIs that entered the last stage. */
export interface ScoredRois {
  /** Mean scores of all stages before softmax [K, classes + 1]. */
  scores: string;
  /** Decoded and clipped, one for each class or one for all, [N, M, C, 4]. */
  boxes: string;
  /** C. */
  perRoi: number;
  /** Objects predicted of each RoI; M is that many times larger. */
  several?: number;
  /** How sure the boxes are, factors on the scores [N, M, 1]; all 1 when absent. */
  factors?: string;
}

/** @throws DetLabError for what has no form in ONNX */
export function lowerStages({ stages }: RoIHeadParts, inputs: StagesInputs): ScoredRois {
  const { context, sizes } = inputs;
  const { graph } = context;
  let { boxes } = inputs;
  const scores: string[] = [];
  let decoded: DecodedRois = { boxes: '', perRoi: 1 };
  for (const [i, stage] of stages.entries()) {
    const part = stages.length > 1 ? `stage ${i + 1} of the roi_head` : 'the roi_head';
    const outputs = lowerHead(stage, { ...inputs, boxes }, part);
    scores.push(outputs.scores);
    const { several } = stage.head;
    if (several) boxes = repeated(boxes, several, context);
    decoded = decode(stage.head, boxes, outputs, { ...inputs, sizes }, part);
    if (i < stages.length - 1) boxes = ofBestClass(stage.head, outputs.scores, decoded, context);
  }
  const sum = scores.length === 1 ? scores[0] : graph.node('Sum', scores);
  return {
    scores: scores.length === 1 ? sum : graph.node('Div', [sum, graph.float(scores.length)]),
    ...decoded,
    several: stages[0].head.several,
  };
}

/** Rows of each image [N, M, ...] one after the other, each several times. */
export function repeated(rows: string, times: number, { graph }: LoweringContext): string {
  const shape = graph.node('Shape', [rows]);
  const rest = graph.node('Shape', [rows], { start: 2 });
  const most = graph.node('Concat', [graph.node('Shape', [rows], { start: 0, end: 2 }), graph.ints([times]), rest], {
    axis: 0,
  });
  const each = graph.node('Expand', [graph.node('Unsqueeze', [rows, graph.ints([2])]), most]);
  const [batch, count] = [0, 1].map((axis) => graph.node('Gather', [shape, graph.ints([axis])], { axis: 0 }));
  const flat = graph.node('Concat', [batch, graph.node('Mul', [count, graph.ints([times])]), rest], { axis: 0 });
  return graph.node('Reshape', [each, flat], { allowzero: 0 });
}

interface HeadOutputs {
  /** [K, classes + 1]. */
  scores: string;
  /** [K, columns]. */
  deltas?: { value: string; columns: number };
}

function lowerHead(
  { pooler, head }: RoIHeadParts['stages'][number],
  { maps, boxes, names, context }: StagesInputs,
  part: string,
): HeadOutputs {
  const { graph } = context;
  const { inputs, order, combine } = poolRois([pooler], maps, roiRows(boxes, context), names, context);
  if (head.probabilities)
    throw new DetLabError('the loss_cls of its bbox_head has probabilities of its own, for which there is no form yet');
  const forward = (tensors: tf.Tensor[]) => {
    const [pooled] = combine(tensors);
    const all = head.forward(pooled);
    const outputs = all.refined ?? all;
    if (!outputs.scores) throw new DetLabError('its bbox_head has with_cls false, so RoIs have no scores');
    if (all.objects) throw new DetLabError(`${head.constructor.name} hands features of objects to the next stage`);
    return outputs.deltas ? [outputs.scores, outputs.deltas] : [outputs.scores];
  };
  const rows = recordRows(inputs, forward, names, context, part);
  const [scores, deltas] = rows.map(({ value }) =>
    order ? graph.node('Gather', [value, order.places], { axis: 0 }) : value,
  );
  if (head.several) return ofSeveral({ scores, deltas, columns: rows[1].shape[0] }, head.several, context);
  return { scores, ...(deltas && { deltas: { value: deltas, columns: rows[1].shape[0] } }) };
}

/** Each object as an RoI of its own; of each the score of the background comes first. */
function ofSeveral(
  { scores, deltas, columns }: { scores: string; deltas: string; columns: number },
  several: number,
  { graph }: LoweringContext,
): HeadOutputs {
  const each = (value: string, width: number) =>
    graph.node('Reshape', [value, graph.ints([-1, width])], { allowzero: 0 });
  return {
    scores: graph.node('Gather', [each(scores, 2), graph.ints([1, 0])], { axis: 1 }),
    deltas: { value: each(deltas, columns / several), columns: columns / several },
  };
}

type DecodedRois = Pick<ScoredRois, 'boxes' | 'perRoi' | 'factors'>;

/** The boxes of each RoI, within its image; without deltas the RoI. */
function decode(
  { coder }: BoxHead,
  boxes: string,
  { deltas }: HeadOutputs,
  { sizes, names, context }: StagesInputs,
  part: string,
): DecodedRois {
  const { graph } = context;
  const each = (value: string, perRoi: number) => {
    // [N, M C, 4] -> [N, M, C, 4]
    const shape = graph.node('Concat', [graph.node('Shape', [boxes], { start: 0, end: 2 }), graph.ints([perRoi, 4])], {
      axis: 0,
    });
    return graph.node('Reshape', [value, shape], { allowzero: 0 });
  };
  if (!deltas) return { boxes: each(clip(boxes, sizes(), context), 1), perRoi: 1 };
  const rows = [
    {
      value: graph.node('Reshape', [boxes, graph.ints([-1, 4])], { allowzero: 0 }),
      layout: 'same' as const,
      shape: [4],
    },
    { value: deltas.value, layout: 'same' as const, shape: [deltas.columns] },
  ];
  const forward = ([priors, codes]: tf.Tensor[]) => [coder.decodeTensors(priors as tf.Tensor2D, codes)];
  const [{ value }] = recordRows(rows, forward, names, context, part);
  const perRoi = deltas.columns / coder.encodeSize;
  const factors = confidences(coder, boxes, rows[1], { names, context }, part);
  if (!(coder.clips ?? true)) return { boxes: each(value, perRoi), perRoi, factors };
  const batch = graph.node('Shape', [boxes], { start: 0, end: 1 });
  const shape = graph.node('Concat', [batch, graph.ints([-1, 4])], { axis: 0 });
  const flat = graph.node('Reshape', [value, shape], { allowzero: 0 });
  return { boxes: each(clip(flat, sizes(), context, coder.clipMargin), perRoi), perRoi, factors };
}

/** How sure codes are of their boxes [N, M, 1], where the coder says so. */
function confidences(
  coder: BoxHead['coder'],
  boxes: string,
  codes: RowInput,
  { names, context }: Pick<StagesInputs, 'names' | 'context'>,
  part: string,
): string | undefined {
  if (!coder.confidences) return undefined;
  if (!coder.confidenceTensors)
    throw new DetLabError(
      `${coder.constructor.name} has confidences that no graph can call. Give it confidenceTensors`,
    );
  const [{ value }] = recordRows([codes], ([x]) => [coder.confidenceTensors!(x)], names, context, part);
  const { graph } = context;
  const one = graph.node('Concat', [graph.node('Shape', [boxes], { start: 0, end: 2 }), graph.ints([1])], { axis: 0 });
  return graph.node('Reshape', [value, one], { allowzero: 0 });
}

/** What the next stage starts from, [N, M, 4]: the box of the class with the highest score but the background. */
function ofBestClass(
  { numClasses }: BoxHead,
  scores: string,
  { boxes, perRoi }: { boxes: string; perRoi: number },
  { graph }: LoweringContext,
): string {
  if (perRoi === 1) return graph.node('Squeeze', [boxes, graph.ints([2])]);
  const classes = graph.node('Slice', [
    scores,
    graph.ints([0]),
    graph.ints([numClasses]),
    graph.ints([1]),
    graph.ints([1]),
  ]);
  const best = graph.node('ArgMax', [classes], { axis: 1, keepdims: 0, select_last_index: 0 }); // [K]
  const shape = graph.node('Concat', [graph.node('Shape', [boxes], { start: 0, end: 2 }), graph.ints([1])], {
    axis: 0,
  });
  const at = graph.node('Reshape', [best, shape], { allowzero: 0 }); // [N, M, 1]
  return graph.node('GatherND', [boxes, at], { batch_dims: 2 });
}
