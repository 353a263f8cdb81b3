// How a case of the stored table (test/golden/engine) runs on TensorFlow.js: one entry per operation.

import type * as tf from '@tensorflow/tfjs';

export type Inputs = Record<string, tf.Tensor>;

/** Runs one case; the attributes are those of the stored case. */
export type Operation = (inputs: Inputs, attrs: Record<string, never>) => tf.Tensor | tf.Tensor[];

export type Operations = Record<string, Operation>;
