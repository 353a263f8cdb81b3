// What connectors are: layers between a recorded map and a distillation loss, which bring student and teacher to the same
// channels or to the same scale. They are trained with the student.

import type * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn';

export interface Connector extends Module {
  /** [N, H, W, C] -> [N, H', W', C']. */
  forward(x: tf.Tensor4D): tf.Tensor4D;
}

declare module '../../catalogue/registry' {
  interface Built {
    connector: Connector;
  }
}
