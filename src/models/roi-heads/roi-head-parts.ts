// A second stage as its parts, for programs that run the network without it.

import type * as tf from '@tensorflow/tfjs';
import type { RCNNTestCfg } from './roi-detections';
import type { RoIPooler } from './roi-pooler';
import type { BoxHead } from './types';

/** What a second stage is made of, for programs that cannot call it. K: RoIs, or detections. */
export interface RoIHeadParts {
  /** Maps of the image that poolers read besides the feature levels, made of these. */
  maps?(levels: tf.Tensor4D[]): tf.Tensor4D[];
  /** One after the other, each from the boxes of the one before; scores before softmax are averaged over them. */
  stages: readonly { pooler: RoIPooler; head: BoxHead }[];
  /** How often the batch comes, once for every branch of the backbone, one after the other; detections of an image are merged. */
  branches?: number;
  /** What changes the boxes of detections, and is pooled from them. */
  boxes?: { pooler: RoIPooler; refine(pooled: tf.Tensor4D, boxes: tf.Tensor2D): tf.Tensor2D };
  /** Masks of detections, whose probabilities are averaged. */
  masks: readonly MaskParts[];
  cfg: RCNNTestCfg;
}

export interface MaskParts {
  /** Whose pooled maps are read. */
  poolers: readonly RoIPooler[];
  /** The masks of the classes `labels` [K], of a head that reads features of the objects [K, C] with these. */
  predict(pooled: tf.Tensor4D[], labels: tf.Tensor1D, objects?: tf.Tensor2D): MaskPrediction;
  /** Points of the masks are predicted anew. */
  points?: PointParts;
}

export interface MaskPrediction {
  /** [K, H, W]. */
  logits: tf.Tensor3D;
  /** On the scores [K], where masks are judged. */
  factors?: tf.Tensor1D;
  /** Logits of all classes [K, H, W, classes], where points are predicted anew. */
  coarse?: tf.Tensor4D;
}

export interface PointParts {
  /** Of the levels that points read. */
  strides: readonly number[];
  /** Times that masks are enlarged, by which factor, and points predicted anew each time. */
  steps: number;
  scale: number;
  count: number;
  /** Logits [K, P] at points [K, P, 2] of RoIs, from samples of each level there [K, P, C]. */
  predict(fine: tf.Tensor3D[], coarse: tf.Tensor4D, points: tf.Tensor3D, labels: tf.Tensor1D): tf.Tensor2D;
}
