// Batch normalisation over N, H, W (Ioffe and Szegedy, 2015) with PyTorch's running statistics: momentum 0.1, unbiased
// running variance. In evaluation mode it is an affine map per channel, which can be folded into the preceding convolution.

import * as tf from '@tensorflow/tfjs';
import { recordsGradients } from '../engine/records-gradients';
import { stepGroup } from '../engine/step-group';
import { trackStatistics } from '../engine/track-statistics';
import { activateFused } from '../ops/activate';
import { batchNormTrain } from '../ops/batch-norm-train';
import { syncBatchNorm } from '../ops/sync-batch-norm';
import type { Epilogue } from './conv2d';
import { ones, zeros } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `BatchNorm2d`, named after torch's. */
export interface BatchNorm2dConfig {
  channels: number;
  epsilon?: number;
  momentum?: number;
  /** Whether weight and bias are trained; default true. */
  requiresGrad?: boolean;
  /** Whether `norm_eval` leaves it in training mode: the reference's test for batch norms does not see mmcv's SyncBN. */
  keepsTraining?: boolean;
  /** Whether batch statistics are those of all processes of a run; default false. */
  synced?: boolean;
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
  readonly weight: Parameter<tf.Rank.R1>;
  readonly bias: Parameter<tf.Rank.R1>;
  readonly runningMean: Parameter<tf.Rank.R1>;
  readonly runningVar: Parameter<tf.Rank.R1>;
  readonly batches: Parameter;
  readonly epsilon: number;
  readonly momentum: number;
  readonly keepsTraining: boolean;
  /** Whether batch statistics are those of all processes of a run: SyncBN. */
  synced: boolean;
  private cached?: Affine & { of: object[] };

  constructor(config: BatchNorm2dConfig) {
    const {
      channels,
      epsilon = 1e-5,
      momentum = 0.1,
      requiresGrad = true,
      keepsTraining = false,
      synced = false,
    } = config;
    super();
    this.keepsTraining = keepsTraining;
    this.synced = synced;
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.weight = this.addParameter('weight', [channels], ones, undefined, requiresGrad);
    this.bias = this.addParameter('bias', [channels], zeros, undefined, requiresGrad);
    this.runningMean = this.addBuffer('running_mean', [channels], zeros);
    this.runningVar = this.addBuffer('running_var', [channels], ones);
    this.batches = this.addBuffer('num_batches_tracked', [], () => new Int32Array(1), 'int32');
  }

  /** [N, H, W, C] -> the same shape; in training by batch statistics, which update the running ones. */
  forward(x: tf.Tensor4D, epilogue: Epilogue = {}): tf.Tensor4D {
    if (this.training) return this.normalize(x, epilogue);
    const { weight, bias, runningMean: mean, runningVar: variance } = this;
    return tf.tidy(() => {
      let y = tf.batchNorm4d(x, mean.variable, variance.variable, bias.variable, weight.variable, this.epsilon);
      if (epilogue.residual) y = tf.add(y, epilogue.residual);
      return activateFused(y, epilogue.activation);
    });
  }

  private normalize(x: tf.Tensor4D, epilogue: Epilogue): tf.Tensor4D {
    return tf.tidy(() => {
      const options = { epsilon: this.epsilon, ...epilogue };
      const [weight, bias] = [this.weight.variable, this.bias.variable];
      const group = this.synced ? stepGroup() : undefined;
      const { y, mean, variance, count } = group
        ? syncBatchNorm(x, weight, bias, { group, ...options })
        : { ...batchNormTrain(x, weight, bias, options), count: x.size / x.shape[3] };
      this.forget();
      const running = {
        mean: this.runningMean.variable,
        variance: this.runningVar.variable,
        batches: this.batches.variable,
      };
      trackStatistics(running, { mean, variance, count }, this.momentum);
      return y;
    });
  }

  /**
   * Scale and shift of evaluation mode. Differentiable in weight and bias if they are trained and gradients are recorded;
   * otherwise cached until one of the four tensors is assigned. An optimizer, which changes tensors in place, has recorded
   * gradients before.
   */
  affine(): Affine {
    const { weight, bias, runningMean, runningVar, cached } = this;
    if ((weight.requiresGrad || bias.requiresGrad) && recordsGradients()) {
      this.forget();
      return this.computeAffine();
    }
    const of = [weight.variable.dataId, bias.variable.dataId, runningMean.variable.dataId, runningVar.variable.dataId];
    if (cached && of[0] === cached.of[0] && of[1] === cached.of[1] && of[2] === cached.of[2] && of[3] === cached.of[3])
      return cached;
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

  /** Tensors kept from one evaluation to the next. */
  get kept(): tf.Tensor[] {
    return this.cached ? [this.cached.scale, this.cached.shift] : [];
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
