// PReLU (He et al., ICCV 2015): a ReLU with a learned negative slope, one for all channels or one per channel.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constant } from './initializers';
import { Module, type Parameter } from './module';

/** The schema of a PReLU's config. */
export const preluCfg = z.strictObject({
  type: z.literal('PReLU').describe('ReLU with a learned negative slope'),
  num_parameters: z.int().positive().default(1).describe('1: one slope for all channels; number of channels: one each'),
  init: z.number().default(0.25).describe('Initial slope'),
});
/** Config of a PReLU, as in MMDetection. */
export type PReLUCfg = z.input<typeof preluCfg>;

/**
 * @example new PReLU({ type: 'PReLU' }).forward(x) // [..., C] -> the same shape
 */
export class PReLU extends Module {
  readonly layerNames = ['PReLU'];
  readonly weight: Parameter;

  constructor(config: PReLUCfg) {
    super();
    const { num_parameters, init } = preluCfg.parse(config);
    this.weight = this.addParameter('weight', [num_parameters], constant(init));
  }

  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), this.weight.variable)) as T);
  }
}
