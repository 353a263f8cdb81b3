// Masks of detections in the graph: probabilities of a grid over each box, means over the mask heads.

import type * as tf from '@tensorflow/tfjs';
import type { MaskParts } from '../../models/roi-heads/roi-head-parts';
import type { ExportedOutput, NetworkExport } from '../export-network';
import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { GraphDetections } from '../selection/suppression';
import type { ParameterNames } from '../tape';
import { refinedMasks } from './point-masks';
import { poolRois, type RoiMaps, roiRows } from './pool-rois';
import { type RowInput, recordRows } from './record-rows';
import { rescored } from './rescored';

export interface GraphMasks {
  /** [N, M, height, width], 0 where there is no detection. */
  value: string;
  size: [number, number];
  /** On the scores [N, M], where masks are judged. */
  factors?: string;
}

/** Of one mask head, logits [K, height, width] and factors [K]. */
interface Predicted {
  logits: string;
  size: [number, number];
  factors?: string;
}

/** @throws DetLabError for what has no form in ONNX */
export function lowerMasks(
  masks: readonly MaskParts[],
  { boxes, labels }: GraphDetections,
  maps: RoiMaps,
  names: ParameterNames,
  context: LoweringContext,
  objects?: RowInput,
): GraphMasks {
  const { graph } = context;
  const known = graph.node('Max', [labels, graph.constant([0], [], 'int64')]);
  const classes = graph.node('Reshape', [known, graph.ints([-1])], { allowzero: 0 });
  const each = masks.map((parts, i) => {
    const name = masks.length > 1 ? `mask head ${i + 1}` : 'the mask head';
    return predicted(parts, boxes, classes, maps, { names, context, name, objects });
  });
  const likely = each.map(({ logits }) => graph.node('Sigmoid', [logits]));
  const mean =
    likely.length === 1 ? likely[0] : graph.node('Div', [graph.node('Sum', likely), graph.float(likely.length)]);
  const [{ size, factors }] = each;
  const byImage = (value: string, sides: readonly number[]) => {
    const shape = graph.node('Concat', [graph.node('Shape', [labels]), graph.ints(sides)], { axis: 0 });
    return graph.node('Reshape', [value, shape], { allowzero: 0 });
  };
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const each4 = graph.node('Unsqueeze', [valid, graph.ints([2, 3])]);
  const value = graph.node('Where', [each4, byImage(mean, size), graph.float(0)]);
  return { value, size, factors: factors && byImage(factors, []) };
}

interface Place {
  names: ParameterNames;
  context: LoweringContext;
  /** For errors. */
  name: string;
  /** Features of the objects in the detections [K, C]. */
  objects?: RowInput;
}

function predicted(
  parts: MaskParts,
  boxes: string,
  classes: string,
  maps: RoiMaps,
  { names, context, name, objects }: Place,
): Predicted {
  const { graph } = context;
  const { inputs, order, combine } = poolRois(parts.poolers, maps, roiRows(boxes, context), names, context);
  const take = (value: string, at?: string) => (at ? graph.node('Gather', [value, at], { axis: 0 }) : value);
  const labels: RowInput = {
    value: graph.node('Cast', [take(classes, order?.rois)], { to: castCode('int32') }),
    layout: 'same',
    shape: [],
    dtype: 'int32',
  };
  const given: ('factors' | 'coarse')[] = [];
  const features = objects ? [{ ...objects, value: take(objects.value, order?.rois) }] : [];
  const forward = ([label, ...rest]: tf.Tensor[]) => {
    const [of, pooled] = [rest.slice(0, features.length), rest.slice(features.length)];
    const { logits, ...more } = parts.predict(combine(pooled), label as tf.Tensor1D, of[0] as tf.Tensor2D | undefined);
    given.splice(0, 2, ...(['factors', 'coarse'] as const).filter((key) => more[key]));
    return [logits, ...given.map((key) => more[key]!)];
  };
  const [logits, ...more] = recordRows([labels, ...features, ...inputs], forward, names, context, name).map((one) => ({
    ...one,
    value: take(one.value, order?.places),
  }));
  const found = Object.fromEntries(given.map((key, i) => [key, more[i]]));
  const size = logits.shape as [number, number];
  if (!parts.points) return { logits: logits.value, size, factors: found.factors?.value };
  const refined = { parts: parts.points, logits, coarse: found.coarse, classes, boxes, levels: maps.levels };
  return refinedMasks(refined, names, context);
}

/** With the detections that the masks are of. */
export function withMasks(
  found: GraphDetections,
  masks: GraphMasks,
  context: LoweringContext,
  clips: boolean,
): NetworkExport {
  const { detections, value } = masks.factors
    ? rescored(found, masks.value, masks.factors, context)
    : { detections: found, value: masks.value };
  const output: ExportedOutput = {
    name: 'masks',
    value,
    type: 'float32',
    shape: [detections.count ?? 'detections', ...masks.size],
    doc: 'probabilities of the mask of each detection, a grid over its box: resize it to the box, bilinearly',
  };
  return { detections, outputs: [output], clips };
}
