// L2 normalisation over the channels of each pixel with a learned factor per channel (Liu et al., ParseNet, 2015).

import * as tf from '@tensorflow/tfjs';
import { constant } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';

/**
 * @example new L2Norm(512, 20).forward(x) // [N, H, W, 512] -> the same shape
 */
export class L2Norm extends Module {
  readonly layerNames = ['L2Norm'];
  readonly weight: Parameter;

  constructor(
    channels: number,
    scale = 20,
    private readonly epsilon = 1e-10,
  ) {
    super();
    this.weight = this.addParameter('weight', [channels], constant(scale));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const length = tf.add(tf.sqrt(tf.sum(tf.square(x), 3, true)), this.epsilon);
      return tf.div<tf.Tensor4D>(tf.mul(this.weight.variable, x), length);
    });
  }
}
