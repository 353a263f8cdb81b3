// Transposed convolution along one axis whose taps do not overlap (stride = kernel size): a matrix product. The weight is
// [in, out, kernel], as in PyTorch.

import * as tf from '@tensorflow/tfjs';
import { torchDefault, torchDefaultBias } from './initializers';
import { Module, type Parameter } from './module';

/**
 * @example new ConvTranspose1d(8, 4, 2).forward(x) // [N, L, 8] -> [N, 2 L, 4]
 */
export class ConvTranspose1d extends Module {
  readonly layerNames = ['ConvTranspose1d', '_ConvTransposeNd', '_ConvNd'];
  readonly weight: Parameter<tf.Rank.R3>;
  readonly bias: Parameter<tf.Rank.R1>;

  constructor(
    inChannels: number,
    private readonly outChannels: number,
    private readonly kernelSize: number,
  ) {
    super();
    this.weight = this.addParameter('weight', [inChannels, outChannels, kernelSize], torchDefault);
    this.bias = this.addParameter('bias', [outChannels], torchDefaultBias(outChannels * kernelSize));
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    const [n, length, channels] = x.shape;
    const { kernelSize: k, outChannels: out } = this;
    return tf.tidy(() => {
      const filter = tf.transpose(this.weight.variable, [0, 2, 1]).reshape<tf.Tensor2D>([channels, k * out]);
      const y = tf.matMul(x.reshape<tf.Tensor2D>([n * length, channels]), filter); // [N L, k out]
      return tf.add(y.reshape<tf.Tensor3D>([n, length * k, out]), this.bias.variable);
    });
  }
}
