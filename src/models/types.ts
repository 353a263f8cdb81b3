// What flows between the parts of a detector.

import type * as tf from '@tensorflow/tfjs';
import type { FeatureSpec } from '../catalogue/feature-spec';
import type { Detections, PackedSample, PixelImage, ProposalBoxes } from '../data/types';
import type { Module } from '../nn/module';
import type { Random } from '../random';
import type { ImageMaskParts } from './mask-heads/image-mask-parts';
import type { ProposalCfg } from './shared-options/proposal-cfg';
import type { Tracker } from './trackers/tracker';

export type { FeatureSpec } from '../catalogue/feature-spec';

/** A batch ready for the backbone, made by the data preprocessor. */
export interface DetBatch {
  /** [N, H, W, 3] float32, normalised, padded at the bottom and right. */
  inputs: tf.Tensor4D;
  samples: PackedSample[];
  /** Padded size [H, W]. */
  batchShape: [number, number];
  /** Size [H, W] that each image alone would be padded to: beyond it no anchor learns. `batchShape` when absent. */
  padShapes?: [number, number][];
  /**
   * Heights and widths of the images [N, 2], of a program that records the network and runs it on images of other sizes.
   */
  imageSizes?: tf.Tensor2D;
  /** Size [H, W] that masks of the truths are to be padded to; they stay as they are when absent. */
  maskShape?: [number, number];
  /** Of each image, which neighbouring pixels look alike (BoxInst): a plane of 0 and 1 for each neighbour [neighbours, h, w]. */
  alike?: Uint8Array[];
  /** Class of the padding of semantic maps; they are not padded when absent. */
  semanticPad?: number;
  /** Of semi-supervised training: the views of the images without labels, for the teacher and for the student, in the same order. */
  branches?: { unsup_teacher: DetBatch; unsup_student: DetBatch };
  /** Where images are the frames of clips, one clip after the other, each in the order of its video. */
  clips?: ClipLayout;
}

export interface ClipLayout {
  /** Frames of a clip. */
  length: number;
  /** Of each clip the place of its key frame, from 0. */
  keys: readonly number[];
}

/** Scalars by name; those whose name contains `loss` are summed for the gradient, the others are logged (`acc`). */
export type Losses = Record<string, tf.Scalar | tf.Scalar[]>;

/** Progress of the training and its random stream: what a loss may depend on besides the batch. */
export interface LossContext {
  random: Random;
  /** Whole epochs trained before this one. */
  epoch: number;
  /** Iterations of the run before this one. */
  iteration: number;
  watch?: AssignmentWatch;
}

/** What an assigner gave the ground truth of one image. P: what was assigned to any of it; G: boxes that are not ignored. */
export interface Assignment {
  /** The head, stage or layer. A later report of the same source and image replaces it: the last decoder layer. */
  source: string;
  /** Index in the batch. */
  image: number;
  form: 'anchors' | 'points' | 'proposals' | 'queries';
  /** Index of each among all priors, proposals or queries, rising [P]. */
  indices: Int32Array;
  /** A box (xyxy; of a query the predicted one), or a point (x, y, stride x, stride y) [P, 4]. */
  priors: Float32Array;
  /** Feature level of each, and the stride of every level; absent where there are none [P]. */
  levels?: Int32Array;
  strides?: number[];
  /** Index of the ground truth of each [P]. */
  truths: Int32Array;
  /** What the assigner gives of each, see AssignResult [P]. */
  overlaps?: Float32Array;
  /** 1 for those that the sampler drew for the losses [P]. */
  sampled?: Uint8Array;
  /** The first so many proposals are the ground truth itself. */
  numTruths?: number;
  /** Of the ground truth [G, 4], [G]. */
  boxes: Float32Array;
  labels: Int32Array;
}

/** Receives what the assigners of heads do, to show it. */
export interface AssignmentWatch {
  assigned(assignment: Assignment): void;
  /** Of what was assigned, the loss keeps the priors with these indices. */
  kept(source: string, image: number, indices: ReadonlySet<number>): void;
}

/** Where a run stands as an epoch begins. */
export interface EpochStart {
  /** Whole epochs trained before this one. */
  epoch: number;
  /** One of the last epochs of a schedule that ends without mixing transforms (YOLOXModeSwitchHook). */
  closing: boolean;
}

/** A module from images to feature levels C2 to C5. */
export interface Backbone extends Module {
  readonly outputs: FeatureSpec[];
  /** [N, H, W, 3] -> one [N, H/stride, W/stride, channels] per output. */
  forward(x: tf.Tensor4D): tf.Tensor4D[];
}

/** Feature levels that a neck wants supervised in training, beside those it puts out. */
export interface AuxiliaryLevels {
  levels: tf.Tensor4D[];
  strides: number[];
  /** Factor on their losses. */
  weight: number;
}

/** What a neck makes of a training batch. */
export interface NeckTraining {
  features: tf.Tensor4D[];
  auxiliary?: AuxiliaryLevels;
}

/** A module from feature levels to feature levels. */
export interface Neck extends Module {
  readonly outputs: FeatureSpec[];
  /** With `release`, nobody reads the features afterwards: they may be disposed of as soon as they have been read. */
  forward(features: tf.Tensor4D[], options?: { release?: boolean }): tf.Tensor4D[];
  /** Where a neck has levels to be supervised; a detector with a second stage hands them to it. */
  forwardTraining?(features: tf.Tensor4D[]): NeckTraining;
}

/** Regions of one image that may hold objects, best first; in pixels of the network's input. */
export interface Proposals extends ProposalBoxes {
  /** Features [n, C] of what is in them, from a first stage that learns some (Sparse R-CNN). */
  features?: tf.Tensor2D;
  /** The boxes [n, 4], from a first stage that learns them. */
  learned?: tf.Tensor2D;
}

/** What a first stage is asked for in training: its losses, and proposals cut from their gradient. */
export interface ProposalLosses {
  losses: Losses;
  /** By image. */
  proposals: Proposals[];
}

/** A dense head that detects by itself: the head of a single-stage detector. */
export interface DetectionHead extends Module {
  readonly numClasses: number;
  /** Whether it reads and detects rotated boxes. */
  readonly rotated?: boolean;
  /** Predictions at all priors, before any selection. */
  forward(features: tf.Tensor4D[]): unknown;
  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses;
  /** Boxes in the original image's pixels with `rescale`, else in those of the network's input. */
  predict(features: tf.Tensor4D[], batch: DetBatch, options: { rescale: boolean }): Detections[];
  /** See `Detector`. */
  onEpoch?(start: EpochStart): string[];
}

/** A dense head that can be the first stage of a two-stage detector. There it has one class, 0: object. */
export interface ProposalHead extends DetectionHead {
  /** The losses and the proposals of one forward pass, selected by `cfg` in place of the head's test_cfg. */
  lossAndPredict(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, cfg?: ProposalCfg): ProposalLosses;
}

/**
 * What a dense head hands to the mask head beside it for the instances of one image (YOLACT, CondInst). n: instances; K:
 * parameters of a mask.
 */
export interface MaskInstances {
  /** [n, K]; with a gradient while training. */
  parameters: tf.Tensor2D;
  /** The prior of each: a point with its stride, or an anchor [n, 4]. */
  priors: Float32Array;
  /** Flat xyxy in pixels of the network's input: of the ground truth while training, else as detected [n, 4]. */
  bboxes: Float32Array;
}

/** The positives of one image of a training batch. */
export interface PositiveInstances extends MaskInstances {
  /** Index of the ground truth of each among those that are not ignored [n]. */
  truths: Int32Array;
  /** How sure the head is of each [n]. */
  confidences(): Float32Array;
}

export interface LossesAndInstances {
  losses: Losses;
  instances: PositiveInstances[];
}

/** A dense head whose priors also predict the parameters of masks. */
export interface InstanceHead extends DetectionHead {
  /** K. */
  readonly numParameters: number;
  /** Its losses, and the positives of each image. */
  lossAndInstances(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): LossesAndInstances;
  /** Detections in pixels of the network's input, and their parameters. */
  predictInstances(features: tf.Tensor4D[], batch: DetBatch): FoundInstances;
  /** Its predictions, and the parameters of the first hundred priors, whatever they score. */
  forwardInstances(features: tf.Tensor4D[]): { outputs: unknown; instances: MaskInstances[] };
}

/** By image. */
export interface FoundInstances {
  detections: Detections[];
  instances: MaskInstances[];
}

/**
 * The mask head of a single-stage detector. It finds instances by itself (SOLO), or is handed those of a dense head, whose
 * parameters it turns into masks.
 */
export interface InstanceMaskHead extends Module {
  /** Absent where only the dense head knows classes. */
  readonly numClasses?: number;
  /** Parameters of a mask that it is handed; absent where it finds instances by itself. */
  readonly numParameters?: number;
  /** How masks are computed of the map of a batch, for programs that cannot call `predict`, and read. */
  readonly parts?: ImageMaskParts;
  mapOf?(features: tf.Tensor4D[]): tf.Tensor4D;
  /** What it predicts before any selection. */
  forward(features: tf.Tensor4D[], instances?: MaskInstances[]): unknown;
  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, instances?: PositiveInstances[]): Losses;
  /** Detections with masks, best first; in pixels of the original image with `rescale`. */
  predict(
    features: tf.Tensor4D[],
    batch: DetBatch,
    options: { rescale: boolean },
    found?: FoundInstances,
  ): Detections[];
}

/** What the heads of a second stage predict of proposals, before any selection. */
export interface RoIOutputs {
  /** Before softmax, and the deltas of the last refinement; proposal by proposal. */
  scores: Float32Array;
  deltas?: Float32Array;
  /** Logits [K, H, W, classes] of the first hundred proposals, by mask head. */
  masks?: tf.Tensor4D[];
}

/** The second stage of a detector. `proposals` are by image, in pixels of the network's input. */
export interface RoIHead extends Module {
  readonly numClasses: number;
  /** `auxiliary` levels of the neck are supervised by the same proposals. */
  loss(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): Losses;
  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    options?: { rescale?: boolean },
  ): Detections[];
  /** Its heads on all proposals, whatever they score: what one image costs at most. */
  forward(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RoIOutputs;
  /** See `Detector`. */
  onEpoch?(start: EpochStart): string[];
}

/** Normalises, pads and stacks samples. */
export interface DataPreprocessor {
  /** The caller disposes `inputs`. `iteration` counts the batches before this one. */
  forward(samples: PackedSample[], options: { training: boolean; iteration: number }): DetBatch;
  /** Channel order of the batch. */
  readonly order?: PixelImage['order'];
  /** The 8-bit pixels that values of a batch stand for, to look at. */
  denormalize?(values: Float32Array): Uint8Array;
}

/**
 * A whole model. `forward`, `loss` and `predict` are called inside `tf.tidy`; `loss` also inside a gradient function.
 * In place of the backbone's pass over `batch.inputs`, `forward` takes levels that it has computed already.
 */
export interface Detector extends Module {
  readonly numClasses: number;
  readonly backbone: Backbone;
  readonly neck?: Neck;
  /** Whether it reads and detects rotated boxes. */
  readonly rotated?: boolean;
  /** What it learns from, where that is a model with weights of its own. */
  readonly teacher?: Module;
  /** Of a detector that trains another by itself: the parts that the config describes once, each with weights of its own. */
  readonly twins?: readonly string[];
  /** Which of the twins predicts, by name, and itself. */
  predictsBy?: string;
  readonly predictor?: Detector;
  /** Of a model around a detector that a distiller compares with a teacher: that detector. */
  readonly distilled?: Detector;
  /** Of a model that a distiller compares with a teacher: whether it is compared from now on. */
  distil?(on: boolean): void;
  /** Of a model that tracks: makes the tracker of a video. */
  readonly tracker?: () => Tracker;
  /** Whether the images of a batch are the frames of one clip to `predict`, whose detections have ids of that clip. */
  readonly predictsClips?: boolean;
  /** Of a model that joins the tracks of a whole video in the end: its frames in order, tracked, to the same with other ids. */
  readonly linkTracks?: (frames: readonly Detections[]) => Detections[];
  /** Of a detector on text: what it looks for in images without a prompt of their own. */
  classNames?: readonly string[];
  /**
   * Normalises, pads and stacks samples into a batch; the caller disposes `inputs`. `iteration`: how many came before.
   */
  preprocess(samples: PackedSample[], iteration?: number): DetBatch;
  /** [N, H, W, 3] -> the feature levels that the heads read. */
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  /**
   * What the network predicts before any selection; a second stage sees the proposals of the samples, where they have
   * some.
   */
  forward(batch: DetBatch, backboneLevels?: tf.Tensor4D[]): unknown;
  loss(batch: DetBatch, context: LossContext): Losses;
  /** Boxes in the original image's pixels (rescaled) unless `rescale` is false; best first. */
  predict(batch: DetBatch, options?: { rescale?: boolean }): Detections[];
  /** Called before each epoch of training, for what a model changes then; returns what the log should say of it. */
  onEpoch?(start: EpochStart): string[];
}

declare module '../catalogue/registry' {
  interface Built {
    detector: Detector;
    backbone: Backbone;
    neck: Neck;
    roi_head: RoIHead;
    data_preprocessor: DataPreprocessor;
    /** Detectors ask for more: see detectors/narrow-head.ts. */
    dense_head: Module & { readonly numClasses: number };
    /** Of single-stage detectors, and of RoI heads, which ask for more: see roi-heads/narrow-mask-head.ts. */
    mask_head: Module;
  }
}
