// Batch normalisation over N, H, W (Ioffe and Szegedy, 2015) with PyTorch's running statistics: momentum 0.1, the running
// variance unbiased. In evaluation mode it is a factor and a shift per channel, which a convolution in front can take over.

import * as tf from '@tensorflow/tfjs';
import { activateFused } from '../ops/activate';
import { batchNormTrain } from '../ops/batch-norm-train';
import type { Epilogue } from './conv2d';
import { ones, zeros } from './initializers';
import { Module, type Parameter } from './module';

export interface BatchNorm2dConfig {
  channels: number;
  epsilon?: number;
  momentum?: number;
  /** False: weight and bias are fixed. */
  requiresGrad?: boolean;
}

/** y = x * scale + shift, both [C]. */
export interface Affine {
  scale: tf.Tensor1D;
  shift: tf.Tensor1D;
}

/**
 * @example new BatchNorm2d({ channels: 8 }).train().forward(x) // [N, H, W, 8] -> the same shape
 */
export class BatchNorm2d extends Module {
  readonly layerNames = ['BatchNorm2d', 'BN', '_BatchNorm', '_NormBase'];
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Parameter;
  readonly runningVar: Parameter;
  readonly batches: Parameter;
  readonly epsilon: number;
  readonly momentum: number;
  private cached?: Affine & { of: object[] };

  constructor({ channels, epsilon = 1e-5, momentum = 0.1, requiresGrad = true }: BatchNorm2dConfig) {
    super();
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.weight = this.addParameter('weight', [channels], ones, undefined, requiresGrad);
    this.bias = this.addParameter('bias', [channels], zeros, undefined, requiresGrad);
    this.runningMean = this.addBuffer('running_mean', [channels], zeros);
    this.runningVar = this.addBuffer('running_var', [channels], ones);
    this.batches = this.addBuffer('num_batches_tracked', [], () => new Int32Array(1), 'int32');
  }

  /** [N, H, W, C] -> the same shape; in training by the batch's statistics, which also move the running ones. */
  forward(x: tf.Tensor4D, epilogue: Epilogue = {}): tf.Tensor4D {
    if (this.training) return this.normalize(x, epilogue);
    const [w, b, m, v] = [this.weight, this.bias, this.runningMean, this.runningVar].map(
      (p) => p.variable as tf.Tensor as tf.Tensor1D,
    );
    return tf.tidy(() => {
      let y: tf.Tensor4D = tf.batchNorm4d(x, m, v, b, w, this.epsilon);
      if (epilogue.residual) y = tf.add(y, epilogue.residual);
      return activateFused(y, epilogue.activation);
    });
  }

  private normalize(x: tf.Tensor4D, epilogue: Epilogue): tf.Tensor4D {
    return tf.tidy(() => {
      const { y, mean, variance } = batchNormTrain(x, this.weight.variable, this.bias.variable, {
        epsilon: this.epsilon,
        ...epilogue,
      });
      const count = x.size / x.shape[3];
      this.track(this.runningMean, mean, 1);
      this.track(this.runningVar, variance, count / Math.max(count - 1, 1));
      this.batches.variable.assign(tf.add(this.batches.variable, tf.scalar(1, 'int32')));
      return y;
    });
  }

  private track({ variable }: Parameter, value: tf.Tensor, factor: number): void {
    variable.assign(tf.add(tf.mul(variable, 1 - this.momentum), tf.mul(value, this.momentum * factor)));
  }

  /**
   * Scale and shift of evaluation mode. Differentiable in weight and bias where they are trained; otherwise computed once
   * and kept until one of the four tensors is assigned anew.
   */
  affine(): Affine {
    const sources = [this.weight, this.bias, this.runningMean, this.runningVar];
    if (this.weight.requiresGrad || this.bias.requiresGrad) {
      this.forget();
      return this.computeAffine();
    }
    const of = sources.map((p) => p.variable.dataId);
    if (this.cached?.of.every((id, i) => id === of[i])) return this.cached;
    this.forget();
    const { scale, shift } = this.computeAffine();
    this.cached = { scale: tf.keep(scale), shift: tf.keep(shift), of };
    return this.cached;
  }

  private computeAffine(): Affine {
    return tf.tidy(() => {
      const scale = tf.mul<tf.Tensor1D>(this.weight.variable, tf.rsqrt(tf.add(this.runningVar.variable, this.epsilon)));
      return { scale, shift: tf.sub<tf.Tensor1D>(this.bias.variable, tf.mul(this.runningMean.variable, scale)) };
    });
  }

  private forget(): void {
    if (this.cached) tf.dispose([this.cached.scale, this.cached.shift]);
    this.cached = undefined;
  }

  override dispose(): void {
    this.forget();
    super.dispose();
  }
}
