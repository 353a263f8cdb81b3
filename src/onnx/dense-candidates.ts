// The candidates of a dense head in the graph: the network with its head, then decoding.

import * as tf from '@tensorflow/tfjs';
import { ROTATED } from '../geometry/rotated-boxes';
import { DenseHead, type DenseHeadConfig } from '../models/dense-heads/dense-head';
import type { CandidateParts, DecodedCandidates } from '../models/dense-heads/selection';
import type { ImageMaskParts } from '../models/mask-heads/image-mask-parts';
import { isFixed } from './alignment';
import { checkOverrides } from './check-overrides';
import { clip } from './clip-boxes';
import type { ExportInputs } from './export-network';
import { lowerTapes } from './lower-tapes';
import type { Lowered } from './lowered';
import type { GraphCandidates } from './selection/pairs';
import { recordTape, type Tape } from './tape';

// biome-ignore lint/suspicious/noExplicitAny: heads of any config and maps
export type AnyDenseHead = DenseHead<any, any>;

export interface DenseNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  head: AnyDenseHead;
  /** The levels that the head reads, where these are not all. */
  levelsOf?(features: tf.Tensor4D[]): tf.Tensor4D[];
  /** What the head selects from, where that depends on heights and widths of the images [N, 2]. */
  candidatesOf?(levels: tf.Tensor4D[], imageSizes: tf.Tensor2D): DecodedCandidates;
  /** Masks of its detections, of a head beside it; the map that they are computed from is `besides`. */
  masks?: ImageMaskParts;
  /** What is read besides, made of the features. */
  besides?(features: tf.Tensor4D[]): tf.Tensor4D[];
}

interface Recorded {
  tape: Tape;
  sizes: DecodedCandidates['sizes'];
  levels: DecodedCandidates['levels'];
  hasFactors: boolean;
  parts: (keyof CandidateParts)[];
}

/** The methods by which a head selects, and those that describe it for a graph. */
const PAIRS = [
  ['suppress', 'selection'],
  ['detect', 'selection'],
  ['decode', 'decodedBoxes'],
] as const;

/** @throws DetLabError for a head whose subclass changes how detections are made, without saying so for a graph */
export const checkHead = (head: AnyDenseHead, nms: boolean): void =>
  checkOverrides(
    head,
    PAIRS.filter(([, description]) => nms || description !== 'selection'),
  );

/** Runs backbone, neck and head at one size. */
function recordCandidates(
  { head, besides, extractFeatures, levelsOf, candidatesOf }: DenseNetwork,
  input: tf.Tensor4D,
  names: ExportInputs['names'],
): Recorded {
  let recorded: Omit<Recorded, 'tape'> | undefined;
  const [count, ...shape] = input.shape.slice(0, 3);
  const imageSizes = tf.tensor2d(Array.from({ length: count }, () => shape).flat(), [count, 2], 'float32');
  const forward = () => {
    const features = extractFeatures(input);
    const read = levelsOf?.(features) ?? features;
    const found = candidatesOf?.(read, imageSizes) ?? head.decodedCandidates(read);
    const { scores, boxes, factors, sizes, levels, parts = {} } = found;
    recorded = {
      sizes,
      levels,
      hasFactors: factors !== undefined,
      parts: Object.keys(parts) as (keyof CandidateParts)[],
    };
    return [
      scores,
      boxes,
      ...(factors ? [factors] : []),
      ...Object.values(parts as Record<string, tf.Tensor>),
      ...(besides?.(features) ?? []),
    ];
  };
  try {
    const tape = recordTape(candidatesOf ? [input, imageSizes] : [input], forward, names);
    return { tape, ...recorded! };
  } finally {
    imageSizes.dispose();
  }
}

export interface LoweredCandidates {
  candidates: GraphCandidates;
  /** What detections have beside boxes, of all priors. */
  parts: Partial<Record<keyof CandidateParts, Lowered>>;
  /** T, where it is fixed. */
  count: number | undefined;
  /** What `besides` gives. */
  besides: Lowered[];
}

/** @throws DetLabError for what has no form in ONNX */
export function lowerCandidates(
  network: DenseNetwork,
  { examples, names, image, sizes, context }: ExportInputs,
): LoweredCandidates {
  const { head } = network;
  const recorded = examples.map((example) => recordCandidates(network, example, names));
  const [{ hasFactors, levels, parts }] = recorded;
  context.levels = recorded[0].sizes.map((_, level) => [
    recorded.map((one) => one.sizes[level][0]),
    recorded.map((one) => one.sizes[level][1]),
  ]);
  const tapes = recorded.map(({ tape }) => tape);
  const pixels = { name: image, layout: 'channels-first' } as const;
  const given = network.candidatesOf ? [pixels, { name: sizes(), layout: 'same' } as const] : [pixels];
  const tensors = lowerTapes(tapes, given, context, 'the network');
  const tables = tensors.splice(0, hasFactors ? 3 : 2);
  const ofPriors = tensors.splice(0, parts.length);
  const [scores, boxes, factors] = tables.map((x) => x.get({ layout: 'same', type: 'float32' }));
  const [, count] = tables[0].tensor.shape;
  return {
    candidates: {
      scores,
      columns: tables[0].shape[2],
      classes: head.numClasses,
      rotated: tables[1].shape[2] === ROTATED,
      boxes: head.selection.clips ? clip(boxes, sizes(), context, head.selection.margin) : boxes,
      factors,
      levels: levels.map((_, level) => recorded.map((one) => one.levels[level])),
    },
    parts: Object.fromEntries(parts.map((name, i) => [name, ofPriors[i]])),
    count: isFixed(count) ? count[0] : undefined,
    besides: tensors,
  };
}

export const isDenseHead = (head: unknown): head is DenseHead<DenseHeadConfig, string> => head instanceof DenseHead;
