// The layer that does nothing: it keeps the place of a layer in a list, as PyTorch's Identity.

import type * as tf from '@tensorflow/tfjs';
import { Module } from './module';

/** @example new Identity().forward(x) // x itself */
export class Identity extends Module {
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return x;
  }
}
