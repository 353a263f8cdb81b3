// LayerScale (Touvron et al., ICCV 2021): a learned factor per channel on the branch of a residual block.

import * as tf from '@tensorflow/tfjs';
import { constant } from './initializers';
import { Module, type Parameter } from './module';

/**
 * @example new LayerScale({ channels: 192, scale: 1e-5 }).forward(x) // [..., 192]
 */
export class LayerScale extends Module {
  private readonly weight: Parameter;

  constructor({ channels, scale = 1e-5 }: { channels: number; scale?: number }) {
    super();
    this.weight = this.addParameter('weight', [channels], constant(scale));
  }

  forward<T extends tf.Tensor>(x: T): T {
    return tf.mul(x, this.weight.variable) as T;
  }
}
