// A detector of one stage as a graph: the network with its dense head, then decoding, and the selection of detections.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { DenseHead, type DenseHeadConfig } from '../models/dense-heads/dense-head';
import type { DecodedCandidates, Selection } from '../models/dense-heads/selection';
import type { ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import { castCode, type Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import { selectDetections } from './selection/dense-selection';
import type { GraphCandidates } from './selection/pairs';
import { type ParameterNames, recordTape, type Tape } from './tape';

// biome-ignore lint/suspicious/noExplicitAny: heads of any config and maps
type AnyDenseHead = DenseHead<any, any>;

export interface DenseNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  head: AnyDenseHead;
}

interface Recorded {
  tape: Tape;
  sizes: DecodedCandidates['sizes'];
  levels: DecodedCandidates['levels'];
  hasFactors: boolean;
}

/** The methods by which a head selects, and those that describe it for a graph. */
const PAIRS = [
  ['suppress', 'selection'],
  ['detect', 'selection'],
  ['decode', 'decodedBoxes'],
] as const;

/** Of how many classes up the prototype chain a member is defined. */
function depthOf(object: object, name: string): number {
  let depth = 0;
  for (let at = object; at && !Object.hasOwn(at, name); at = Object.getPrototypeOf(at)) depth++;
  return depth;
}

/** @throws DetLabError for a head whose subclass changes how detections are made, without saying so for a graph */
function checkHead(head: AnyDenseHead, nms: boolean): void {
  for (const [method, description] of PAIRS)
    if ((nms || description === 'decodedBoxes') && depthOf(head, method) < depthOf(head, description))
      throw new DetLabError(
        `${head.constructor.name} has a ${method} of its own, which no graph can call. Override ${description} too` +
          (description === 'selection' ? ', or save with { nms: false }' : ''),
      );
}

/** Runs backbone, neck and head at one size. */
export function recordCandidates(network: DenseNetwork, input: tf.Tensor4D, names: ParameterNames): Recorded {
  let recorded: Omit<Recorded, 'tape'> | undefined;
  const forward = () => {
    const { scores, boxes, factors, sizes, levels } = network.head.decodedCandidates(network.extractFeatures(input));
    recorded = { sizes, levels, hasFactors: factors !== undefined };
    return factors ? [scores, boxes, factors] : [scores, boxes];
  };
  const tape = recordTape([input], forward, names);
  return { tape, ...recorded! };
}

/** @throws DetLabError for what has no form in ONNX */
export function exportDense(
  network: DenseNetwork,
  { examples, names, image, sizes, context, nms }: ExportInputs,
): NetworkExport {
  const { head } = network;
  checkHead(head, nms);
  const selection: Selection = head.selection;
  const recorded = examples.map((example) => recordCandidates(network, example, names));
  context.levels = recorded[0].sizes.map((_, level) => [
    recorded.map((one) => one.sizes[level][0]),
    recorded.map((one) => one.sizes[level][1]),
  ]);
  const part = 'the network';
  const tensors = lowerTapes(
    recorded.map(({ tape }) => tape),
    [{ name: image, layout: 'channels-first' }],
    context,
    part,
  );
  const [scores, boxes, factors] = tensors.map((x) => x.get({ layout: 'same', type: 'float32' }));
  const clipped = selection.clips ? clip(boxes, sizes(), context) : boxes;
  const candidates: GraphCandidates = {
    scores,
    columns: tensors[0].shape[2],
    classes: head.numClasses,
    boxes: clipped,
    factors,
    levels: recorded[0].levels.map((_, level) => recorded.map((one) => one.levels[level])),
  };
  if (!nms) return rawOutputs(candidates, tensors, selection);
  return { detections: selectDetections(candidates, selection, context), clips: selection.clips };
}

/** Boxes [N, T, 4] within the images, whose sizes are [N, 2]. */
export function clip(boxes: string, sizes: string, { graph }: LoweringContext): string {
  const float = graph.node('Cast', [sizes], { to: castCode('float32') });
  const sides = graph.node('Gather', [float, graph.ints([1, 0, 1, 0])], { axis: 1 });
  const limits = graph.node('Unsqueeze', [sides, graph.ints([1])]);
  return graph.node('Min', [graph.node('Max', [boxes, graph.float(0)]), limits]);
}

function rawOutputs(
  { scores, boxes, factors, columns }: GraphCandidates,
  [table]: Lowered[],
  { clips }: Selection,
): NetworkExport {
  const count = table.tensor.shape[1];
  const total = count.every((n) => n === count[0]) ? count[0] : 'priors';
  return {
    clips,
    outputs: [
      {
        name: 'boxes',
        value: boxes,
        type: 'float32',
        shape: [total, 4],
        doc: 'decoded boxes of all priors, xyxy in pixels of the input',
      },
      {
        name: 'scores',
        value: scores,
        type: 'float32',
        shape: [total, columns],
        doc: 'scores of the classes of all priors',
      },
      ...(factors
        ? [
            {
              name: 'factors',
              value: factors,
              type: 'float32' as const,
              shape: [total, 1],
              doc: 'factor on the scores of each prior',
            },
          ]
        : []),
    ],
  };
}

export const isDenseHead = (head: unknown): head is DenseHead<DenseHeadConfig, string> => head instanceof DenseHead;
