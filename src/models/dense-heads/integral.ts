// The expected value of distributions over whole numbers (Li et al., Generalized Focal Loss, NeurIPS 2020). Its numbers are
// a buffer, as in MMDetection's state dict.

import * as tf from '@tensorflow/tfjs';
import { Module } from '../../nn';

export class Integral extends Module {
  private readonly project;

  /** @param max largest number; distributions are over 0 .. max */
  constructor(private readonly max: number) {
    super();
    this.project = this.addBuffer('project', [max + 1], () => Float32Array.from({ length: max + 1 }, (_, i) => i));
    tf.tidy(() => this.project.variable.assign(tf.range(0, max + 1, 1, 'float32')));
  }

  /** Logits [..., 4 * (max + 1)] -> expected values [n, 4]. */
  forward(x: tf.Tensor): tf.Tensor2D {
    const shares = tf.softmax(x.reshape<tf.Tensor2D>([-1, this.max + 1]));
    return tf.matMul(shares, this.project.variable.reshape<tf.Tensor2D>([-1, 1])).reshape([-1, 4]);
  }
}
