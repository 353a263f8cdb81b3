// What flows between the parts of a detector.

import type * as tf from '@tensorflow/tfjs';
import type { FeatureSpec } from '../catalogue/feature-spec';
import type { Detections, PackedSample, ProposalBoxes } from '../data/types';
import type { Module } from '../nn/module';
import type { Random } from '../random';

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
  /** Size [H, W] that masks of the truths are to be padded to; they stay as they are when absent. */
  maskShape?: [number, number];
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
}

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

export interface Neck extends Module {
  readonly outputs: FeatureSpec[];
  /** With `release`, nobody reads the features afterwards: they may be disposed of as soon as they have been read. */
  forward(features: tf.Tensor4D[], options?: { release?: boolean }): tf.Tensor4D[];
  /** Where a neck has levels to be supervised; a detector with a second stage hands them to it. */
  forwardTraining?(features: tf.Tensor4D[]): NeckTraining;
}

/** What a second stage makes of regions before it chooses detections. */
export interface RegionOutputs {
  /** Before softmax, and the deltas of the last refinement; region by region. */
  scores: Float32Array;
  deltas?: Float32Array;
  /** Logits [K, H, W, classes] of the first hundred regions, by mask head. */
  masks?: tf.Tensor4D[];
}

/** The second stage of a detector: what it makes of regions. */
export interface RoIHead extends Module {
  readonly numClasses: number;
  /** `proposals` by image, in pixels of the network's input; `auxiliary` levels of the neck learn from the same regions. */
  loss(
    features: tf.Tensor4D[],
    proposals: ProposalBoxes[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): Losses;
  predict(
    features: tf.Tensor4D[],
    proposals: ProposalBoxes[],
    batch: DetBatch,
    options?: { rescale?: boolean },
  ): Detections[];
  /** Its heads on these regions, whatever they find: what one image costs at most. `predict` is measured without it. */
  forward?(features: tf.Tensor4D[], proposals: ProposalBoxes[], batch: DetBatch): RegionOutputs;
}

/** A whole model. `loss` and `predict` are called inside `tf.tidy`; `loss` also inside a gradient function. */
export interface Detector extends Module {
  readonly classes: number;
  /** Normalises, pads and stacks samples into a batch; the caller disposes `inputs`. `iteration`: how many came before. */
  preprocess(samples: PackedSample[], iteration?: number): DetBatch;
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  loss(batch: DetBatch, context: LossContext): Losses;
  /** Boxes in the original image's pixels (rescaled) unless `rescale` is false; best first. */
  predict(batch: DetBatch, options?: { rescale?: boolean }): Detections[];
}

declare module '../catalogue/registry' {
  interface Built {
    detector: Detector;
    backbone: Backbone;
    neck: Neck;
    roi_head: RoIHead;
  }
}
