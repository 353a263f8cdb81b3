// Batch normalisation without weight, bias and running statistics (torch's `affine=False, track_running_stats=False`): the
// statistics are always those of the batch, also in evaluation.

import * as tf from '@tensorflow/tfjs';
import { batchNormTrain } from '../ops/batch-norm-train';
import type { Epilogue } from './conv2d';
import { Module } from './module';

export class BatchStatisticsNorm extends Module {
  readonly layerNames = ['BatchNorm2d', 'BN', '_BatchNorm', '_NormBase'];

  constructor(
    private readonly channels: number,
    private readonly epsilon: number,
  ) {
    super();
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D, epilogue: Epilogue = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const [scale, offset] = [tf.ones([this.channels]), tf.zeros([this.channels])];
      return batchNormTrain(x, scale, offset, { epsilon: this.epsilon, ...epilogue }).y;
    });
  }
}
