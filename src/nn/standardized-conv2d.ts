// Convolutions whose filters are standardised per output before use: ConvWS (Qiao et al., Weight Standardization, 2019) and
// ConvAWS, which scales and shifts the result by buffers, so that it can go on from ordinary filters (DetectoRS, CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
import { ones, zeros } from './initializers';
import type { Parameter } from './module';

type RunOptions = Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor };

/** Mean and (unbiased) variance of every output's filter, [1, 1, 1, Cout]. */
function moments(filter: tf.Tensor4D): { centred: tf.Tensor4D; mean: tf.Tensor4D; variance: tf.Tensor4D } {
  const [kh, kw, inputs] = filter.shape;
  const mean = tf.mean(filter, [0, 1, 2], true) as tf.Tensor4D;
  const centred: tf.Tensor4D = tf.sub(filter, mean);
  const variance = tf.div<tf.Tensor4D>(tf.sum(tf.square(centred), [0, 1, 2], true), kh * kw * inputs - 1);
  return { centred, mean, variance };
}

/**
 * @example new ConvWS2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x)
 */
export class ConvWS2d extends Conv2d {
  override readonly layerNames = ['ConvWS2d', 'Conv2d', '_ConvNd'];

  constructor(
    config: Conv2dConfig,
    private readonly epsilon = 1e-5,
  ) {
    super(config);
  }

  override run(x: tf.Tensor4D, options: RunOptions): tf.Tensor4D {
    return tf.tidy(() => {
      const { centred, variance } = moments(this.weight.variable as tf.Tensor as tf.Tensor4D);
      return this.convolve(x, tf.div(centred, tf.add(tf.sqrt(variance), this.epsilon)), options);
    });
  }
}

/**
 * @example new ConvAWS2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x)
 */
export class ConvAWS2d extends Conv2d {
  override readonly layerNames: string[] = ['ConvAWS2d', 'Conv2d', '_ConvNd'];
  protected readonly gamma: Parameter;
  protected readonly beta: Parameter;

  constructor(config: Conv2dConfig) {
    super(config);
    this.addOwnParameters();
    this.gamma = this.addBuffer('weight_gamma', [config.outChannels, 1, 1, 1], ones);
    this.beta = this.addBuffer('weight_beta', [config.outChannels, 1, 1, 1], zeros);
  }

  /** Parameters that stand before the buffers in the state dict. */
  protected addOwnParameters(): void {}

  /** The filter the convolution is computed with. */
  protected standardized(): tf.Tensor4D {
    const { centred, variance } = moments(this.weight.variable as tf.Tensor as tf.Tensor4D);
    const [gamma, beta] = [this.gamma, this.beta].map((p) => p.variable.reshape([1, 1, 1, -1]));
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta);
  }

  override run(x: tf.Tensor4D, options: RunOptions): tf.Tensor4D {
    return tf.tidy(() => this.convolve(x, this.standardized(), options));
  }

  /** A checkpoint of ordinary filters: the buffers become their moments, so that the layer computes what they did. */
  override fillMissing(missing: readonly string[]): string[] {
    const buffers = ['weight_gamma', 'weight_beta'];
    if (!buffers.every((name) => missing.includes(name)) || missing.includes('weight')) return [];
    tf.tidy(() => {
      const { mean, variance } = moments(this.weight.variable as tf.Tensor as tf.Tensor4D);
      this.gamma.variable.assign(tf.sqrt(tf.add(variance, 1e-5)).reshape(this.gamma.variable.shape));
      this.beta.variable.assign(mean.reshape(this.beta.variable.shape));
    });
    return buffers;
  }
}
