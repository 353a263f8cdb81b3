// The contracts of a second stage's parts. Boxes are xyxy in pixels of the network's input; RoIs are boxes with the
// number of their image before them, flat, five numbers each. K: RoIs of a batch; C: channels.

import type * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn';
import type { BoxCoder, Instances } from '../task-modules';
import type { AuxiliaryLevels, DetBatch, FeatureSpec, LossContext, Losses } from '../types';
import type { BBoxTargets } from './bbox-heads/bbox-targets';

/** Of the bins of K RoIs. */
export interface MovedBins {
  /** x and y in shares of the RoI [K, height, width, 2]. */
  shifts: tf.Tensor4D;
  /** Factors on what is pooled [K, height, width, 1]. */
  weights?: tf.Tensor4D;
}

/** Kind `roi_layer`: pools RoIs from one feature level. */
export interface RoILayer {
  /** [height, width] in bins. */
  readonly outputSize: [number, number];
  /**
   * How it samples, for programs that cannot call it: samples per side of a bin (0: adaptive), half-pixel shift, and whether each bin has
   * maps of its own, of which it averages pixels or samples; or once, in the middle of a bin, with zeros outside of the map.
   */
  readonly sampling?: { samplingRatio: number; aligned: boolean; byPosition?: 'pool' | 'align' } | 'centers';
  /** How it moves its bins, by the map [K, height, width, C] that is pooled in place. */
  movedBins?(pooled: tf.Tensor4D): MovedBins;
  /** Channels of a pooled RoI, where they are not those of the features. */
  outputChannels?(channels: number): number;
  /** Features [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]. */
  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number): tf.Tensor4D;
}

/** From which levels RoIs are pooled: from the one of its size, or from all, with layers that combine the pooled maps. */
export type RoIPooling = { strides: readonly number[] } & (
  | { levels: 'one'; finestScale: number }
  | { levels: 'all'; combine(pooled: tf.Tensor4D[]): tf.Tensor4D }
);

/** Kind `roi_extractor`: pools RoIs from the feature levels of a pyramid. */
export interface RoIExtractor {
  /** How many of the feature levels, from the finest, it uses. */
  readonly numInputs: number;
  /** What pools an RoI from each level. */
  readonly layers: readonly RoILayer[];
  /** What it pools an RoI from, for programs that cannot call it. */
  readonly pooling?: RoIPooling;
  readonly output: FeatureSpec & { size: [number, number] };
  /** An order of the RoIs that spares the extractor a copy: pass them so. */
  order(rois: Float32Array): Int32Array;
  /** Flat RoIs -> [K, height, width, C], in the order given; enlarged by `scale` about their centres, from the same levels. */
  forward(features: tf.Tensor4D[], rois: Float32Array, options?: { scale?: number }): tf.Tensor4D;
}

/** Kind `shared_head`: layers on the pooled RoIs before all heads (the C4 models). */
export interface SharedHead extends Module {
  readonly output: FeatureSpec;
  /** [K, h, w, C] -> [K, h', w', C']. */
  forward(pooled: tf.Tensor4D): tf.Tensor4D;
}

/** What a box head predicts of K rois. */
export interface BBoxOutputs {
  /** [K, classes + 1] before softmax; the last column is the background. */
  scores?: tf.Tensor2D;
  /** [K, classes * 4], or [K, 4] for all classes alike. */
  deltas?: tf.Tensor2D;
  /** Features of the objects [N, P, C], for the next stage (DIIHead of Sparse R-CNN). */
  objects?: tf.Tensor3D;
  /** The same after attention to one another, before what is pooled for them: what masks are made of. */
  attended?: tf.Tensor3D;
  /** What a second look at scores and deltas makes of them (CrowdDet). */
  refined?: { scores: tf.Tensor2D; deltas: tf.Tensor2D };
  /** What the layers before both branches give [K, C], from heads that pass it on (SCNet). */
  shared?: tf.Tensor2D;
}

/** Kind `bbox_head`: classifies RoIs and refines their boxes. */
export interface BoxHead extends Module {
  readonly numClasses: number;
  readonly coder: BoxCoder;
  /** Box targets are boxes in pixels, not coded (`reg_decoded_bbox`). */
  readonly decodedTargets: boolean;
  /** Pooled RoIs [K, h, w, C], and features of their objects [N, P, C], N P = K, where the stage before passed some on. */
  forward(pooled: tf.Tensor4D, objects?: tf.Tensor3D): BBoxOutputs;
  loss(outputs: BBoxOutputs, targets: BBoxTargets): Losses;
  /** Objects that it predicts of each RoI, where these are several. */
  readonly several?: number;
  /** Probabilities [K, classes + 1] of the scores, where they are not their softmax. */
  readonly probabilities?: (scores: tf.Tensor2D) => tf.Tensor2D;
  /** Classification loss [K] of each RoI alone, were `labels` right; -1 stands for the background. */
  perSampleLoss(outputs: BBoxOutputs, labels: Int32Array): Float32Array;
  /** Boxes of one image moved by the deltas (flat, one row each) of the classes `labels`, clipped to `imgShape`, if given. */
  refine(boxes: Float32Array, deltas: Float32Array, labels: Int32Array, imgShape?: [number, number]): Float32Array;
}

/** Kind `mask_head` in an RoI head: predicts a mask of each class, or one for all, in every roi. */
export interface MaskHead extends Module {
  readonly numClasses: number;
  /** Pooled RoIs [K, h, w, C], and features of their objects [K, C] for a head that reads some -> logits [K, H, W, classes]. */
  forward(pooled: tf.Tensor4D, objects?: tf.Tensor2D): tf.Tensor4D;
  /** The logits [K, H, W] of the masks of the classes `labels` [K] alone. */
  classLogits(pooled: tf.Tensor4D, labels: Int32Array | tf.Tensor1D, objects?: tf.Tensor2D): tf.Tensor3D;
  /** `logits` as of `classLogits`, targets [K, H, W] between 0 and 1. */
  loss(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Scalar;
  /** Has its layers start as PyTorch's do, in place of an initialisation of its own. */
  initializeByDefault?(): void;
}

/** The RoIs of a batch as they enter a stage. */
export interface StageInput {
  /** By image, flat xyxy. */
  boxes: Float32Array[];
  /** Features of the objects in them [N, P, C], where proposals carry some. */
  objects?: tf.Tensor3D;
  /** The boxes of all images [K, 4], where they learn. */
  learned?: tf.Tensor2D;
}

/** What a stage predicts of the RoIs that entered it, in their order. */
export interface StageOutput {
  /** [K, classes + 1] before softmax; the last column is the background. */
  scores: Float32Array;
  /** [K, classes * 4] or [K, 4]. */
  deltas?: Float32Array;
}

/** What all stages of one training step read. */
export interface StageTraining {
  features: tf.Tensor4D[];
  batch: DetBatch;
  /** Ground truth by image. */
  instances: Instances[];
  context: LossContext;
  /** Of a cascade, from 0. */
  stage?: number;
  /** Feature levels that the neck wants supervised by the first stage. */
  auxiliary?: AuxiliaryLevels;
}

declare module '../../catalogue/registry' {
  interface Built {
    roi_layer: RoILayer;
    roi_extractor: RoIExtractor;
    shared_head: SharedHead;
    bbox_head: BoxHead;
  }
}
