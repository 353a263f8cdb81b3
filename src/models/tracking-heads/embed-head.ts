// The contract of heads that make a vector of each RoI, by which an object is recognised in other frames.

import type * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn';
import type { Losses } from '../types';

/** RoIs of the key frame and of the reference frame of one clip, as what they are learned from. K and R: their numbers. */
export interface EmbeddedPair {
  key: tf.Tensor2D; // [K, C]
  reference: tf.Tensor2D; // [R, C]
  /** The ground truth of the reference frame that each RoI of the key frame is, -1 where it is not in it [K]. */
  keyTruths: Int32Array;
  /** Of each RoI of the reference frame, -1 of background [R]. */
  referenceTruths: Int32Array;
}

/** Kind `embed_head`. */
export interface EmbedHead extends Module {
  /** Pooled RoIs [K, h, w, C] -> [K, features]. */
  forward(pooled: tf.Tensor4D): tf.Tensor2D;
  /** Of all clips of a batch. */
  loss(pairs: readonly EmbeddedPair[]): Losses;
}

declare module '../../catalogue/registry' {
  interface Built {
    embed_head: EmbedHead;
  }
}
