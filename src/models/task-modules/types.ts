// What assigners, samplers, coders and prior generators exchange. All of it lives in plain arrays on the CPU: none of it
// is differentiated, and all of it needs loops and comparisons. Boxes are flat xyxy, four numbers each.

import type * as tf from '@tensorflow/tfjs';
import type { OverlapMode } from '../../geometry/boxes';
import type { InstanceMasks } from '../../masks';
import type { Random } from '../../random';

/** [height, width]. */
export type Size = [number, number];

/** The truths of one image that are to be learnt, and the regions that are neither object nor background. */
export interface Instances {
  bboxes: Float32Array;
  labels: Int32Array;
  ignored: Float32Array;
  /** One for each box, where they were loaded. */
  masks?: InstanceMasks;
}

export interface PriorGenerator {
  readonly numLevels: number;
  readonly numBasePriors: number[];
  /** [x, y] by level. */
  readonly strides: [number, number][];
  gridPriors(sizes: Size[]): Float32Array[];
  validFlags(sizes: Size[], padShape: Size): Uint8Array[];
}

export interface BoxCoder {
  /** Numbers per box that a head predicts. */
  readonly encodeSize: number;
  /** Regression targets that turn `boxes` into `truths`. */
  encode(boxes: Float32Array, truths: Float32Array): Float32Array;
  /** Boxes from predictions [n, classes * encodeSize]; cut to `maxShape` where given. */
  decode(boxes: Float32Array, deltas: Float32Array, maxShape?: Size): Float32Array;
  /** The same, differentiable in `deltas`: [n, 4] and [n, classes * encodeSize] -> [n, classes * 4]. */
  decodeTensors(boxes: tf.Tensor2D, deltas: tf.Tensor2D, maxShape?: Size): tf.Tensor2D;
}

export interface IouCalculator {
  /** Row-major [a.length / 4, b.length / 4]. With `iou` it must be 0 for boxes that do not touch, else positive. */
  overlaps(a: Float32Array, b: Float32Array, mode?: OverlapMode): Float32Array;
}

/** For each prior: -1 ignored, 0 background, k > 0 assigned to truth k - 1. */
export interface AssignResult {
  numTruths: number;
  assigned: Int32Array;
  /** Largest overlap with any truth. */
  maxOverlaps: Float32Array;
  /** Label of the truth, -1 where there is none. */
  labels: Int32Array;
  /** Pairs of prior and label: the prior neither learns that class nor counts against it. */
  shadows?: Int32Array;
}

export interface Assigner {
  /** `levels`: how many of the priors each feature level has, in order. */
  assign(priors: Float32Array, instances: Instances, random: Random, levels?: number[]): AssignResult;
}

/** The priors chosen to learn from. Indices rise. */
export interface SamplingResult {
  /** All candidates: with `add_gt_as_proposals` the truths come first. */
  priors: Float32Array;
  /** How many of them, from the first, are truths. */
  truths: number;
  positive: Int32Array;
  negative: Int32Array;
  /** Truth of each positive: index, label, box. */
  positiveTruth: Int32Array;
  positiveLabels: Int32Array;
  positiveBoxes: Float32Array;
  /** What losses divide by. */
  avgFactor: number;
}

/** Classification loss of each box if its label were right: what a sampler of hard examples asks of its head. */
export type Hardness = (boxes: Float32Array, labels: Int32Array) => Float32Array;

export interface Sampler {
  /** `hardness` is there when the sampler is built for a head on regions. */
  sample(
    assigned: AssignResult,
    priors: Float32Array,
    instances: Instances,
    random: Random,
    hardness?: Hardness,
  ): SamplingResult;
}

declare module '../../catalogue/registry' {
  interface Built {
    anchor_generator: PriorGenerator;
    iou_calculator: IouCalculator;
    sampler: Sampler;
  }
}
