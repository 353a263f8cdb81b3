// NormedConv2d (MMDetection): a convolution of normalised features and filters, so that the outputs of a 1x1 one are cosines
// times a factor.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Conv2d, type Conv2dConfig, type Epilogue } from '../../nn';
import { inverseNorm, type NormOptions } from './inverse-norm';

export interface NormedConv2dConfig extends Conv2dConfig, NormOptions {
  temperature: number;
  /** One norm per filter, in place of one per filter and position. */
  normOverKernel: boolean;
}

/** Its options in a config, without the type. */
export const normedConv2dOptions = {
  tempearture: z.number().default(20).describe("Factor on the similarity (the name is MMDetection's)"),
  power: z.number().default(1).describe('Exponent of the norms'),
  eps: z.number().nonnegative().default(1e-6).describe('Added to the norms'),
  norm_over_kernel: z.boolean().default(false).describe('Normalise over the kernel as well; no difference for 1x1'),
};

/**
 * @example
 * const layer = new NormedConv2d({
 *   inChannels: 256, outChannels: 80, kernelSize: 1, temperature: 20, power: 1, eps: 1e-6, normOverKernel: false,
 * });
 * layer.forward(features) // [N, H, W, 256] -> [N, H, W, 80]
 */
export class NormedConv2d extends Conv2d {
  override readonly layerNames = ['NormedConv2d', 'Conv2d'];

  constructor(private readonly config: NormedConv2dConfig) {
    super(config);
  }

  override forward(x: tf.Tensor4D, epilogue: Epilogue = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const weight = this.weight.variable; // [kh, kw, in, out]
      const lengths = inverseNorm(weight, this.config.normOverKernel ? [0, 1, 2] : 2, this.config, true);
      const factor = tf.mul(inverseNorm(x, -1, this.config, true), this.config.temperature);
      const bias = this.bias?.variable;
      return this.convolve(tf.mul<tf.Tensor4D>(x, factor), tf.mul(weight, lengths), { ...epilogue, bias });
    });
  }
}
