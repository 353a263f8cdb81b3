// PReLU (He et al., ICCV 2015): a ReLU with a learned negative slope, one for all channels or one per channel.

import * as tf from '@tensorflow/tfjs';
import { constant } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `PReLU`: how many slopes, and where they start. */
export interface PReLUConfig {
  /** 1: one slope for all channels; number of channels: one each. */
  num_parameters?: number;
  /** Initial slope. */
  init?: number;
}

/**
 * @example new PReLU().forward(x) // [..., C] -> the same shape
 */
export class PReLU extends Module {
  readonly layerNames = ['PReLU'];
  readonly weight: Parameter;

  constructor({ num_parameters = 1, init = 0.25 }: PReLUConfig = {}) {
    super();
    this.weight = this.addParameter('weight', [num_parameters], constant(init));
  }

  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), this.weight.variable)) as T);
  }
}
