// What assigners, samplers, coders and prior generators exchange. All of it is in plain arrays on the CPU: none of it is
// differentiated, and all of it needs loops and comparisons. T priors, K ground-truth boxes, C classes; arrays are flat,
// row-major. Boxes are xyxy in pixels of the network's input, four numbers each.

import type * as tf from '@tensorflow/tfjs';
import type { OverlapMode, Size } from '../../geometry/boxes';
import type { Keypoints } from '../../geometry/keypoints';
import type { InstanceMasks } from '../../masks';
import type { Random } from '../../random';

export type { Size } from '../../geometry/boxes';

/**
 * What the four numbers of a prior are. `boxes`: x1, y1, x2, y2 of an anchor or proposal. `cells`: the same, with the stride
 * of the grid cell it belongs to in an array beside it. `buckets`: boxes, of which codes say a bucket along each side and an
 * offset in it. `points`: x, y, stride x, stride y. Coders of three other forms differ in their codes alone: `sigmoid cells` reads
 * logits, `centered points` codes the center and the size instead of the sides, `rotated points` the sides and the angle of rotated
 * boxes, five numbers.
 */
export type PriorForm =
  | 'boxes'
  | 'cells'
  | 'buckets'
  | 'sigmoid cells'
  | 'points'
  | 'centered points'
  | 'rotated points';

/** Ground truth of one image, and its ignore regions. */
export interface Instances {
  bboxes: Float32Array; // [K, 4]
  /** Center, sides and angle of each box, where they are rotated; `bboxes` are those around them. */
  rboxes?: Float32Array; // [K, 5]
  labels: Int32Array; // [K]
  /** Regions that are neither object nor background. */
  ignored: Float32Array; // [regions, 4]
  /** Factors on the losses of what is assigned to each box; 1 without them. */
  weights?: Float32Array; // [K]
  /** One for each box, where they were loaded. */
  masks?: InstanceMasks;
  /** Of each, where they were loaded. */
  keypoints?: Keypoints;
  /** Identity of each, of frames of videos. */
  instanceIds?: Int32Array; // [K]
  /** 0 or 1 at the points at which masks are compared, those of `Predictions.masks`. */
  maskSamples?: Float32Array; // [K, points]
  /** 1 for the columns of the logits (tokens of a text) that describe the instance. */
  positiveMaps?: Float32Array; // [K, C]
}

/** What an assigner may read of a head's predictions for one image, detached from the gradient. */
export interface Predictions {
  /** How many: T, or the number of queries. */
  count: number;
  /** Columns of `scores` and `logits`: C, and one more for the background with softmax. */
  classes: number;
  /** Probabilities. */
  scores?: Float32Array; // [T, C]
  logits?: Float32Array; // [T, C]
  /** Decoded; rotated where the head's are. */
  boxes?: Float32Array; // [T, 4] or [T, 5]
  /** Logits at the points at which masks are compared. */
  masks?: Float32Array; // [T, points]
  /** x, y in pixels and the logit of being visible of K keypoints. */
  keypoints?: Float32Array; // [T, K, 3]
  /** 1 for the columns of the logits that are tokens of a text. */
  tokenMask?: Float32Array; // [C]
}
export type PredictionPart = 'scores' | 'logits' | 'boxes' | 'masks' | 'keypoints' | 'tokenMask';

export interface PriorGenerator {
  readonly form: 'boxes' | 'points';
  readonly numLevels: number;
  readonly numBasePriors: number[];
  /** [x, y] by level. */
  readonly strides: [number, number][];
  gridPriors(sizes: Size[]): Float32Array[];
  validFlags(sizes: Size[], padShape: Size): Uint8Array[];
}

export interface EncodeOptions {
  /** Stride of each prior: coders on `cells`. */
  strides?: ArrayLike<number>;
  /** Coders on points: distances are limited to [0, maxDistance - epsilon]. */
  maxDistance?: number;
  epsilon?: number;
}

export interface DecodeOptions {
  /** Image size to which boxes are clipped, where the coder has `clip_border`. */
  maxShape?: Size;
  /** Stride of each prior: coders on `cells`. */
  strides?: ArrayLike<number>;
  /** Min ratio of sizes that is decoded, and the inverse of the max: coders of logarithms, which have their own otherwise. */
  ratioClip?: number;
}

/** Encodes the angles of rotated boxes, and back. */
export interface AngleCoder {
  /** Numbers per angle that a head predicts. */
  readonly encodeSize: number;
  /** Angles [n] -> what the loss of angles compares [n, encodeSize]. */
  encode(angles: Float32Array): Float32Array;
  /** [..., encodeSize] -> [..., 1]. */
  decode<T extends tf.Tensor>(codes: T): T;
}

/** Encodes boxes relative to priors, and back. */
export interface BoxCoder {
  /** Form of the priors that boxes are relative to. */
  readonly priors: PriorForm;
  /** Numbers per box that a head predicts. */
  readonly encodeSize: number;
  /** Whether `decode` clips boxes to `maxShape`; it does when this is absent. */
  readonly clips?: boolean;
  /** Pixels that clipped boxes end short of the right and lower edge of the image; none when absent. */
  readonly clipMargin?: number;
  /** Regression targets: the codes that turn n priors into `boxes`. */
  encode(priors: Float32Array, boxes: Float32Array, options?: EncodeOptions): Float32Array; // [n, 4] x 2 -> [n, encodeSize]
  /** Boxes from predicted codes; of several codes a prior (one for each class), as many boxes. */
  decode(priors: Float32Array, codes: Float32Array, options?: DecodeOptions): Float32Array; // [n, 4], [n, encodeSize] -> [n, 4]
  /** The same, differentiable in the codes: [..., n, encodeSize] -> [..., n, 4]. Priors may be a tensor, and others in each image. */
  decodeTensors<T extends tf.Tensor>(priors: Float32Array | tf.Tensor, codes: T, options?: DecodeOptions): T;
  /** How sure codes are of their boxes: factors on the scores; all 1 without. */
  confidences?(codes: Float32Array): Float32Array; // [n, encodeSize] -> [n]
  /** The same as a tensor. */
  confidenceTensors?(codes: tf.Tensor): tf.Tensor; // [..., n, encodeSize] -> [..., n, 1]
}

export interface IouCalculator {
  /** Whether the boxes that it compares are rotated, five numbers each. */
  readonly rotated?: boolean;
  /** Row-major [a.length / 4, b.length / 4]. With `iou` it must be 0 for boxes that do not touch, else positive. */
  overlaps(a: Float32Array, b: Float32Array, mode?: OverlapMode): Float32Array;
}

/** Cells with one square anchor each. */
export interface SquareGrid {
  /** [H, W] of each level. */
  sizes: readonly Size[];
  strides: readonly number[];
  /** Side of an anchor in strides. */
  scale: number;
}

/** One image, as an assigner sees it. */
export interface AssignInput {
  /** Four numbers each, of the form that the assigner needs; empty where queries are matched. */
  priors: Float32Array; // [T, 4]
  /** Number of priors of each feature level, in order. */
  levels: readonly number[];
  /** Stride of each prior, with priors of the form `cells`. */
  strides?: ArrayLike<number>; // [T]
  /** A boxes for each prior, of guided anchors: what it may become. */
  approxs?: Float32Array; // [T, A, 4]
  /** Of heads with one square anchor a cell. */
  squares?: SquareGrid;
  instances: Instances;
  /** The parts that the assigner needs. */
  predictions?: Predictions;
  imgShape: Size;
  random: Random;
  /** Whole epochs trained before this one. */
  epoch: number;
  /** Exponents of score and IoU of task-aligned assigners, where the head sets them (TOOD). */
  alignment?: { alpha: number; beta: number };
}

/** For each prior: -1 ignored, 0 background, k > 0 assigned to ground truth k - 1. */
export interface AssignResult {
  numTruths: number;
  assigned: Int32Array; // [T]
  /** IoU with the assigned ground truth, or the largest with any, as the assigner documents; 0 where it gives none. */
  maxOverlaps: Float32Array; // [T]
  /** Label of the ground truth, -1 where there is none. */
  labels: Int32Array; // [T]
  /** (prior, label) pairs excluded from the classification loss. */
  ignoredLabels?: Int32Array; // [pairs, 2]
  /** Alignment of each prior with its ground truth, score^alpha * IoU^beta; 0 without one. */
  metrics?: Float32Array; // [T]
  /** Target probability of its label, 0 .. 1; 0 for background. */
  scores?: Float32Array; // [T]
  /** (prior, ground truth) pairs that the box loss compares in place of the positives; a prior may be in several. */
  boxPairs?: Int32Array; // [pairs, 2]
  /** Of assigners of several objects a prior. */
  several?: SeveralAssigned;
}

/** The objects of each candidate: the priors, the ground-truth boxes and the ignore regions after them [T']. */
export interface SeveralAssigned {
  /** Objects of a candidate (S). */
  count: number;
  candidates: Float32Array; // [T', 4]
  /** Ground-truth boxes, and the ignore regions after them. */
  boxes: Float32Array;
  truths: Int32Array; // [T', S]
  /** 1 for an object, 0 for background, -1 where neither can be said. */
  labels: Int32Array; // [T', S]
}
/** What an assigner may fill of the result beside the assignment itself. */
export type AssignResultPart = 'maxOverlaps' | 'ignoredLabels' | 'metrics' | 'scores' | 'boxPairs';

/** What an assigner needs of the head that uses it, and what it gives. */
export interface AssignerContract {
  readonly needs: {
    /** Form of the priors; none for an assigner that reads predictions alone. */
    readonly priors?: PriorForm;
    readonly predictions?: readonly PredictionPart[];
    /** Boxes that a prior may become (guided anchors). */
    readonly approxs?: boolean;
    /** One square anchor a cell. */
    readonly squares?: boolean;
    /** A head that predicts several objects a prior. */
    readonly several?: boolean;
    /** A head whose boxes are rotated; 'optional', of a type: with an IoU calculator of such. */
    readonly rotated?: boolean | 'optional';
  };
  readonly gives: readonly AssignResultPart[];
}

/** Assigns ground truth to priors or predictions. `needs` and `gives` may depend on its options. */
export interface Assigner extends AssignerContract {
  assign(input: AssignInput): AssignResult;
}

/** The priors of one image that the losses see. Indices rise. */
export interface SamplingResult {
  /** All candidates: with `add_gt_as_proposals` the ground-truth boxes come first. */
  priors: Float32Array;
  /** Number of ground-truth boxes among the candidates. */
  numTruths: number;
  positive: Int32Array;
  negative: Int32Array;
  /** Ground truth of each positive: index, label, box. */
  positiveTruth: Int32Array;
  positiveLabels: Int32Array;
  positiveBoxes: Float32Array;
  /** Factor on the losses of each positive, where the ground truth has them. */
  positiveWeights?: Float32Array;
  /** Divisor of the losses. */
  avgFactor: number;
  /** Highest IoU of each candidate with any ground truth, from assigners that give it. */
  maxOverlaps: Float32Array;
  /** Weight of each negative in the classification loss, from samplers that give them; 1 when absent. */
  negativeWeights?: Float32Array;
  /** Box and label of each of the several objects of each sample, positives first. */
  several?: { boxes: Float32Array; labels: Int32Array }; // [n, S, 4], [n, S]
}

/** Classification loss of each box against its label (-1: background), not reduced. */
export type PerSampleLoss = (boxes: Float32Array, labels: Int32Array) => Float32Array; // [n, 4], [n] -> [n]

/** What an RoI head predicts of boxes while they are sampled. */
export interface SamplePredictions {
  /** Highest probability of a foreground class, and the box of that class, not clipped. */
  scores: Float32Array; // [n]
  boxes: Float32Array; // [n, 4]
  /** Classification loss, were they all background. */
  losses: Float32Array; // [n]
}
export type PredictSamples = (boxes: Float32Array) => SamplePredictions;

export interface SampleInput {
  assigned: AssignResult;
  priors: Float32Array; // [T, 4]
  instances: Instances;
  random: Random;
  /** From heads that can compute it. */
  perSampleLoss?: PerSampleLoss;
  predictSamples?: PredictSamples;
}
/** What a sampler may need: the head's loss or predictions of each sample, or the overlaps of the assigner. */
export type SamplerNeed = 'perSampleLoss' | 'predictSamples' | 'maxOverlaps' | 'several';

/** Samples positives and negatives for the losses. */
export interface Sampler {
  readonly needs: readonly SamplerNeed[];
  sample(input: SampleInput): SamplingResult;
}

declare module '../../catalogue/registry' {
  interface Built {
    anchor_generator: PriorGenerator;
    assigner: Assigner;
    bbox_coder: BoxCoder;
    angle_coder: AngleCoder;
    iou_calculator: IouCalculator;
    sampler: Sampler;
  }
  interface Contracts {
    anchor_generator: Pick<PriorGenerator, 'form'>;
    assigner: AssignerContract;
    bbox_coder: Pick<BoxCoder, 'priors'>;
    sampler: Pick<Sampler, 'needs'>;
  }
}
