// NormedLinear (MMDetection): a linear layer of normalised inputs and weights, so that its outputs are cosines times a factor.

import * as tf from '@tensorflow/tfjs';
import { Linear, type LinearConfig, normal, zeros } from '../../nn';
import { inverseNorm, type NormOptions } from './inverse-norm';

export interface NormedLinearConfig extends Omit<LinearConfig, 'init' | 'biasInit'>, NormOptions {
  temperature: number;
}

/**
 * @example new NormedLinear({ inFeatures: 1024, outFeatures: 81, temperature: 20, power: 1, eps: 1e-6 }).forward(x)
 */
export class NormedLinear extends Linear {
  constructor(private readonly config: NormedLinearConfig) {
    super(config);
    this.initializeItself();
  }

  /** Its own start, which no init_cfg of the head around it changes. */
  initializeItself(): void {
    this.weight.initializer = normal(0.01);
    if (this.bias) this.bias.initializer = zeros;
  }

  /** [N, in] -> [N, out]. */
  override forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => {
      const factor = tf.mul(inverseNorm(x, -1, this.config, true), this.config.temperature);
      const lengths = inverseNorm<tf.Tensor1D>(this.weight.variable, 1, this.config);
      const product = tf.matMul(tf.mul(x, factor) as tf.Tensor as tf.Tensor2D, this.weight.variable, false, true);
      const cosines = tf.mul(product, lengths);
      return (this.bias ? tf.add(cosines, this.bias.variable) : cosines) as tf.Tensor as T;
    });
  }
}
