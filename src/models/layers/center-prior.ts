// CenterPrior of AutoAssign: how much the points around the center of an object count, a normal distribution of each class whose
// mean and deviation are learnt (Zhu et al., AutoAssign, 2020).

import * as tf from '@tensorflow/tfjs';
import { Module, ones, type Parameter, zeros } from '../../nn';

export class CenterPrior extends Module {
  private readonly mean: Parameter<tf.Rank.R2>;
  private readonly sigma: Parameter<tf.Rank.R2>;

  constructor(numClasses: number) {
    super();
    this.mean = this.addParameter('mean', [numClasses, 2], zeros);
    this.sigma = this.addParameter('sigma', [numClasses, 2], ones);
  }

  /** Of n offsets from the center (x, y, in strides), flat, and the classes of their objects -> [n], 0 .. 1. */
  forward(offsets: Float32Array, labels: Int32Array): tf.Tensor1D {
    const classes = tf.tensor1d(labels, 'int32');
    const shift = tf.sub(tf.tensor2d(offsets, [labels.length, 2]), tf.gather(this.mean.variable, classes));
    const variance = tf.square(tf.gather(this.sigma.variable, classes));
    const axes = tf.exp(tf.div(tf.neg(tf.square(shift)), tf.mul(variance, 2)));
    const [x, y] = tf.unstack(axes, 1);
    return tf.mul(x, y);
  }
}
