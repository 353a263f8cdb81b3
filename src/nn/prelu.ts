// PReLU: a ReLU whose slope below zero is learned (He et al., ICCV 2015), for all channels or for each.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constant } from './initializers';
import { Module, type Parameter } from './module';

export const preluCfg = z.strictObject({
  type: z.literal('PReLU').describe('ReLU with a learned slope below zero'),
  num_parameters: z.int().positive().default(1).describe('One slope for all channels, or as many as channels'),
  init: z.number().default(0.25).describe('What the slope starts from'),
});
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
