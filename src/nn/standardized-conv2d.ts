// Convolutions with weight standardisation per output channel: ConvWS (Qiao et al., Weight Standardization, 2019) and ConvAWS,
// which scales and shifts the standardised filter by buffers, so that it can start from ordinary filters (DetectoRS, CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
import { ones, zeros } from './initializers';
import type { Parameter } from './module';

type RunOptions = Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor };

/** Mean and unbiased variance of every output channel's filter, [1, 1, 1, Cout], and the centered filter. */
function moments(filter: tf.Tensor4D): { centered: tf.Tensor4D; mean: tf.Tensor4D; variance: tf.Tensor4D } {
  const [kh, kw, inputs] = filter.shape;
  const mean = tf.mean<tf.Tensor4D>(filter, [0, 1, 2], true);
  const centered: tf.Tensor4D = tf.sub(filter, mean);
  const variance = tf.div<tf.Tensor4D>(tf.sum(tf.square(centered), [0, 1, 2], true), kh * kw * inputs - 1);
  return { centered, mean, variance };
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
      const { centered, variance } = moments(this.weight.variable);
      return this.convolve(x, tf.div(centered, tf.add(tf.sqrt(variance), this.epsilon)), options);
    });
  }
}

/**
 * @example new ConvAWS2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x)
 */
export class ConvAWS2d extends Conv2d {
  override readonly layerNames: string[] = ['ConvAWS2d', 'Conv2d', '_ConvNd'];
  protected readonly gamma: Parameter<tf.Rank.R4>;
  protected readonly beta: Parameter<tf.Rank.R4>;

  constructor(config: Conv2dConfig) {
    super(config);
    this.addFurtherParameters();
    this.gamma = this.addBuffer('weight_gamma', [config.outChannels, 1, 1, 1], ones);
    this.beta = this.addBuffer('weight_beta', [config.outChannels, 1, 1, 1], zeros);
  }

  /** Adds parameters of subclasses that precede the buffers in the state dict. */
  protected addFurtherParameters(): void {}

  /** The filter of the convolution. */
  protected standardized(): tf.Tensor4D {
    const { centered, variance } = moments(this.weight.variable);
    const gamma = this.gamma.variable.reshape([1, 1, 1, -1]);
    const beta = this.beta.variable.reshape([1, 1, 1, -1]);
    return tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta);
  }

  override run(x: tf.Tensor4D, options: RunOptions): tf.Tensor4D {
    return tf.tidy(() => this.convolve(x, this.standardized(), options));
  }

  /** After loading ordinary filters the buffers are set to their moments, so that the layer computes the same. */
  override fillMissing(missing: readonly string[]): string[] {
    const buffers = ['weight_gamma', 'weight_beta'];
    if (!buffers.every((name) => missing.includes(name)) || missing.includes('weight')) return [];
    tf.tidy(() => {
      const { mean, variance } = moments(this.weight.variable);
      this.gamma.variable.assign(tf.sqrt(tf.add(variance, 1e-5)).reshape(this.gamma.variable.shape));
      this.beta.variable.assign(mean.reshape(this.beta.variable.shape));
    });
    return buffers;
  }
}
