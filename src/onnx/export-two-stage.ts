// A detector of two stages as a graph: proposals of the first, then pooling, heads and selection of the second.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import type { RoIHeadParts } from '../models/roi-heads/roi-head-parts';
import type { RoIHead } from '../models/types';
import { checkOverrides } from './check-overrides';
import { type AnyDenseHead, checkHead, lowerCandidates } from './dense-candidates';
import type { ExportedOutput, ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import type { Lowered } from './lowered';
import { lowerMasks } from './rois/roi-masks';
import { probabilities, type SelectedRois, selectRoiDetections } from './rois/roi-selection';
import { lowerStages } from './rois/roi-stages';
import { selectDetections } from './selection/dense-selection';
import { recordTape } from './tape';

export interface TwoStageNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  /** Absent where proposals come with the data. */
  rpn?: AnyDenseHead;
  roiHead: RoIHead & { readonly parts: RoIHeadParts };
}

export const isDescribed = (head: RoIHead): head is TwoStageNetwork['roiHead'] => 'parts' in head;

/** The methods by which a second stage works, and what describes it for a graph. */
const DESCRIBED = [
  ['predict', 'parts'],
  ['predictStages', 'parts'],
  ['predictMasks', 'parts'],
] as const;

interface FirstStage {
  features: Lowered[];
  /** [N, M, 4]. */
  boxes: string;
  valid?: string;
  count: number | undefined;
}

/** @throws DetLabError for what has no form in ONNX */
export function exportTwoStage(network: TwoStageNetwork, inputs: ExportInputs): NetworkExport {
  const { roiHead } = network;
  const { context, names, sizes, nms } = inputs;
  checkOverrides(roiHead, DESCRIBED);
  const { parts } = roiHead;
  if (parts.masks.length > 0 && !nms)
    throw new DetLabError(
      'its masks are those of selected detections. Leave nms out, or set roi_head.mask_head to null',
    );
  const first = network.rpn ? propose(network, network.rpn, inputs) : givenProposals(network, inputs);
  const { features, boxes, valid, count } = first;
  const scored = lowerStages(parts, { features, boxes, sizes, names, context });
  const { numClasses: classes } = roiHead;
  const rois = { ...scored, scores: probabilities(scored, classes, context), classes, count, valid };
  if (!nms) return { clips: true, outputs: rawOutputs(rois) };
  const detections = selectRoiDetections(rois, parts.cfg, context);
  if (parts.masks.length === 0) return { detections, clips: true };
  const masks = lowerMasks(parts.masks, detections, features, names, context);
  const output: ExportedOutput = {
    name: 'masks',
    value: masks.value,
    type: 'float32',
    shape: [detections.count ?? 'detections', ...masks.size],
    doc: 'probabilities of the mask of each detection, a grid over its box: resize it to the box, bilinearly',
  };
  return { detections, outputs: [output], clips: true };
}

const levelsRead = ({ stages, masks }: RoIHeadParts): number =>
  Math.max(...[...stages, ...masks].map(({ pooler }) => pooler.extractor.numInputs));

function propose({ extractFeatures, roiHead }: TwoStageNetwork, head: AnyDenseHead, inputs: ExportInputs): FirstStage {
  const { context } = inputs;
  checkHead(head, true);
  const kept = levelsRead(roiHead.parts);
  const { candidates, features } = lowerCandidates({ extractFeatures, head, kept }, inputs);
  const { boxes, labels, count } = selectDetections(candidates, head.selection, context, 'input');
  const valid = context.graph.node('GreaterOrEqual', [labels, context.graph.constant([0], [], 'int64')]);
  return { features, boxes, valid, count };
}

/** Proposals are another input. */
function givenProposals({ extractFeatures, roiHead }: TwoStageNetwork, inputs: ExportInputs): FirstStage {
  const { examples, names, image, context, input } = inputs;
  const kept = levelsRead(roiHead.parts);
  const tapes = examples.map((example) => recordTape([example], () => extractFeatures(example).slice(0, kept), names));
  const features = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const doc = 'proposals of each image: x1, y1, x2, y2 in pixels of the input';
  return { features, boxes: input('proposals', ['proposals', 4], doc), count: undefined };
}

function rawOutputs({ boxes, scores, perRoi, classes, count: known }: SelectedRois): ExportedOutput[] {
  const count = known ?? 'proposals';
  const of = perRoi === 1 ? 'for all classes' : 'for each class';
  return [
    {
      name: 'boxes',
      value: boxes,
      type: 'float32',
      shape: [count, perRoi, 4],
      doc: `refined boxes of all proposals, one ${of}, xyxy in pixels of the input`,
    },
    {
      name: 'scores',
      value: scores,
      type: 'float32',
      shape: [count, classes + 1],
      doc: 'probabilities of the classes of all proposals, then of the background',
    },
  ];
}
