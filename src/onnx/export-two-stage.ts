// A detector of two stages as a graph: proposals of the first, then pooling, heads and selection of the second.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import type { RoIHeadParts } from '../models/roi-heads/roi-head-parts';
import type { RoIHead } from '../models/types';
import { checkOverrides } from './check-overrides';
import { type AnyDenseHead, checkHead, type DenseNetwork, lowerCandidates } from './dense-candidates';
import type { ExportedOutput, ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import type { Lowered } from './lowered';
import { inputDimensions } from './masks/image-frame';
import { mergeBranches } from './rois/merge-branches';
import type { RoiMaps } from './rois/pool-rois';
import { refineBoxes } from './rois/refine-boxes';
import { lowerMasks, withMasks } from './rois/roi-masks';
import { probabilities, type SelectedRois, selectRoiDetections } from './rois/roi-selection';
import { lowerStages, repeated } from './rois/roi-stages';
import { heuristicSegments, type PanopticParts } from './segments/heuristic-segments';
import { segmentOutputs } from './segments/segments';
import { selectDetections } from './selection/dense-selection';
import { recordTape } from './tape';

export interface TwoStageNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  /** The levels that proposals are made from. */
  levelsOf?(features: tf.Tensor4D[]): tf.Tensor4D[];
  /** What proposals are selected from, where that depends on heights and widths of the images [N, 2]. */
  candidatesOf?: DenseNetwork['candidatesOf'];
  /** Absent where proposals come with the data. */
  rpn?: AnyDenseHead;
  roiHead: RoIHead & { readonly parts: RoIHeadParts };
  /** A semantic branch on the levels, whose logits [N, h, w, C] are fused with the masks to segments. */
  panoptic?: { parts: Omit<PanopticParts, 'threshold'>; semantic(features: tf.Tensor4D[]): tf.Tensor4D };
}

export const isDescribed = (head: RoIHead): head is TwoStageNetwork['roiHead'] => 'parts' in head;

/** The methods by which a second stage works, and what describes it for a graph. */
const described = (head: RoIHead): (readonly [string, string])[] => [
  ['predict', 'parts'],
  ['predictStages', 'parts'],
  ['predictBoxes', 'parts'],
  ['predictMasks', 'maskParts' in head ? 'maskParts' : 'parts'],
];

interface FirstStage {
  maps: RoiMaps;
  /** Logits of the semantic branch. */
  semantic?: Lowered;
  /** [N, M, 4]. */
  boxes: string;
  valid?: string;
  count: number | undefined;
}

/** @throws DetLabError for what has no form in ONNX */
export function exportTwoStage(network: TwoStageNetwork, inputs: ExportInputs): NetworkExport {
  const { roiHead } = network;
  const { context, names, nms } = inputs;
  checkOverrides(roiHead, described(roiHead));
  const { parts } = roiHead;
  const { branches = 1 } = parts;
  if (branches > 1 && !nms)
    throw new DetLabError('the detections of its branches are merged by NMS. Leave nms out, or set test_branch_idx');
  if (parts.masks.length > 0 && !nms)
    throw new DetLabError(
      'its masks are those of selected detections. Leave nms out, or set roi_head.mask_head to null',
    );
  const sizes =
    branches > 1 ? () => context.graph.node('Tile', [inputs.sizes(), context.graph.ints([branches, 1])]) : inputs.sizes;
  const own = { ...inputs, sizes };
  const first = network.rpn ? propose(network, network.rpn, own) : givenProposals(network, own);
  const { maps, boxes } = first;
  const scored = lowerStages(parts, { maps, boxes, sizes, names, context });
  const { several = 1 } = scored;
  const valid = first.valid && several > 1 ? repeated(first.valid, several, context) : first.valid;
  const count = first.count === undefined ? undefined : first.count * several;
  const { numClasses: classes } = roiHead;
  const rois = { ...scored, scores: probabilities(scored, classes, context), classes, count, valid };
  if (!nms) return { clips: true, outputs: rawOutputs(rois) };
  const selected = selectRoiDetections(rois, parts.cfg, context);
  if (branches > 1) return { detections: mergeBranches(selected, branches, parts.cfg, context), clips: true };
  const detections = parts.boxes ? refineBoxes(parts.boxes, selected, { maps, sizes, names, context }) : selected;
  if (parts.masks.length === 0) return { detections, clips: true };
  const found = withMasks(detections, lowerMasks(parts.masks, detections, maps, names, context), context, true);
  return network.panoptic ? withSegments(found, network.panoptic.parts, { first, parts, inputs }) : found;
}

/** Besides the detections, segments of their masks and of stuff. */
function withSegments(
  { detections, outputs = [], clips }: NetworkExport,
  panoptic: Omit<PanopticParts, 'threshold'>,
  { first, parts, inputs }: { first: FirstStage; parts: RoIHeadParts; inputs: ExportInputs },
): NetworkExport {
  const { context, image, sizes, examples } = inputs;
  const { mask_thr_binary: threshold } = parts.cfg;
  if (threshold === undefined)
    throw new DetLabError(
      'its test_cfg.rcnn has no mask_thr_binary, by which masks are fused. Set one, for example 0.5',
    );
  const semantic = first.semantic!.get({ layout: 'channels-first', type: 'float32' });
  const found = { detections: detections!, masks: outputs[0].value, semantic };
  const segments = heuristicSegments(found, { ...panoptic, threshold }, { image, sizes: sizes() }, context);
  const scored = 'scores of the segments of things, else 0; the first segments are the detections, in their order';
  const described = segmentOutputs(segments, inputDimensions(examples), { numThings: panoptic.things, scored });
  return { detections, clips, outputs: [...outputs, ...described] };
}

/** How many feature levels, from the finest, the parts read. */
function levelsRead({ stages, boxes, masks }: RoIHeadParts): number {
  const poolers = [...stages.map(({ pooler }) => pooler), ...(boxes ? [boxes.pooler] : [])];
  const sources = [...poolers, ...masks.flatMap((mask) => mask.poolers)].flatMap((pooler) => pooler.sources);
  return Math.max(
    ...sources.map((source) => ('extractor' in source && source.map === undefined ? source.extractor.numInputs : 0)),
    ...masks.map(({ points }) => points?.strides.length ?? 0),
  );
}

/** The logits of the semantic branch, the feature levels that the parts read, and then the maps they make of all. */
const mapsRead = ({ roiHead: { parts }, panoptic }: TwoStageNetwork) => {
  const kept = levelsRead(parts);
  return {
    record: (features: tf.Tensor4D[]) => [
      ...(panoptic ? [panoptic.semantic(features)] : []),
      ...features.slice(0, kept),
      ...(parts.maps?.(features) ?? []),
    ],
    of: (all: readonly Lowered[]): Pick<FirstStage, 'maps' | 'semantic'> => {
      const lowered = panoptic ? all.slice(1) : all;
      const maps = { levels: lowered.slice(0, kept), more: lowered.slice(kept) };
      return { maps, ...(panoptic && { semantic: all[0] }) };
    },
  };
};

function propose(whole: TwoStageNetwork, head: AnyDenseHead, inputs: ExportInputs): FirstStage {
  const { context } = inputs;
  const { roiHead: _, panoptic: __, ...network } = whole;
  checkHead(head, true);
  const read = mapsRead(whole);
  const { candidates, besides } = lowerCandidates({ ...network, head, besides: read.record }, inputs);
  const { boxes, labels, count } = selectDetections(candidates, head.selection, context, 'input');
  const valid = context.graph.node('GreaterOrEqual', [labels, context.graph.constant([0], [], 'int64')]);
  return { ...read.of(besides), boxes, valid, count };
}

/** Proposals are another input. */
function givenProposals(network: TwoStageNetwork, inputs: ExportInputs): FirstStage {
  const { examples, names, image, context, input } = inputs;
  const { extractFeatures } = network;
  const read = mapsRead(network);
  const tapes = examples.map((example) => recordTape([example], () => read.record(extractFeatures(example)), names));
  const lowered = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const doc = 'proposals of each image: x1, y1, x2, y2 in pixels of the input';
  return { ...read.of(lowered), boxes: input('proposals', ['proposals', 4], doc), count: undefined };
}

function rawOutputs({ boxes, scores, perRoi, factors, classes, count: known }: SelectedRois): ExportedOutput[] {
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
    ...(factors
      ? [
          {
            name: 'factors',
            value: factors,
            type: 'float32' as const,
            shape: [count, 1],
            doc: 'factor on the scores of each proposal',
          },
        ]
      : []),
  ];
}
