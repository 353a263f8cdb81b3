// Transposed convolution: the filter is [kh, kw, out, in] here and [in, out, kh, kw] in the state dict, as PyTorch has it.
// With a stride as long as the filter no two taps meet: then it is one matrix product and a change of places.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { type Initializer, torchDefault, torchDefaultBias } from './initializers';
import { Module, type Parameter } from './module';

export interface ConvTranspose2dConfig {
  inChannels: number;
  outChannels: number;
  kernelSize: number;
  stride?: number;
  padding?: number;
  outputPadding?: number;
  bias?: boolean;
  init?: Initializer;
  biasInit?: Initializer;
}

/**
 * @example new ConvTranspose2d({ inChannels: 8, outChannels: 4, kernelSize: 2, stride: 2 }).forward(x) // [N, 2 H, 2 W, 4]
 */
export class ConvTranspose2d extends Module {
  readonly layerNames = ['ConvTranspose2d', 'deconv', '_ConvNd'];
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly kernelSize: number;
  readonly stride: number;
  readonly outChannels: number;
  private readonly padding: number;
  private readonly outputPadding: number;

  constructor(config: ConvTranspose2dConfig) {
    super();
    const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, outputPadding = 0 } = config;
    if (outputPadding > 0 && outputPadding >= stride)
      throw new DetLabError(
        `Cannot build a transposed convolution: expected an output padding below its stride ${stride}, received ${outputPadding}`,
      );
    this.outChannels = outChannels;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.outputPadding = outputPadding;
    // axes 2 and 3 stand for input and output of the filter's transpose, so that layout and fans are PyTorch's
    const shape = [kernelSize, kernelSize, outChannels, inChannels];
    this.weight = this.addParameter('weight', shape, config.init ?? torchDefault, { kind: 'conv' });
    if (config.bias ?? true) {
      const init = config.biasInit ?? torchDefaultBias(outChannels * kernelSize * kernelSize);
      this.bias = this.addParameter('bias', [outChannels], init);
    }
  }

  /** True when every output pixel has one tap. */
  get separate(): boolean {
    return this.stride === this.kernelSize && this.padding === 0 && this.outputPadding === 0;
  }

  /** [N, H, W, Cin] -> [N, (H - 1) stride - 2 padding + kernel + outputPadding, ..., Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [n, h, w] = x.shape;
    const { kernelSize: k, stride, padding, outputPadding, outChannels } = this;
    if (this.separate)
      return tf.tidy(() =>
        tf
          .transpose(this.blocks(x).reshape([n, h, w, k, k, outChannels]), [0, 1, 3, 2, 4, 5])
          .reshape<tf.Tensor4D>([n, h * k, w * k, outChannels]),
      );
    return tf.tidy(() => {
      const side = (length: number) => (length - 1) * stride + k + outputPadding;
      const filter = this.weight.variable as tf.Tensor as tf.Tensor4D;
      // without padding, which is then cut off: not every backend transposes an explicit padding
      const whole = tf.conv2dTranspose(
        x,
        filter,
        [n, side(h) - outputPadding, side(w) - outputPadding, outChannels],
        stride,
        'valid',
      );
      const grown =
        outputPadding > 0
          ? tf.pad(whole, [
              [0, 0],
              [0, outputPadding],
              [0, outputPadding],
              [0, 0],
            ])
          : whole;
      const cut: tf.Tensor4D =
        padding > 0
          ? tf.slice(grown, [0, padding, padding, 0], [n, side(h) - 2 * padding, side(w) - 2 * padding, outChannels])
          : grown;
      return this.bias ? tf.add<tf.Tensor4D>(cut, this.bias.variable) : cut;
    });
  }

  /**
   * What each input pixel becomes, before the places are changed: [N * H * W, kernel * kernel * Cout]. Layers that read
   * pixels one by one can read these.
   */
  blocks(x: tf.Tensor4D, { activation = 'linear' }: { activation?: 'linear' | 'relu' } = {}): tf.Tensor2D {
    const [n, h, w, c] = x.shape;
    const { kernelSize: k, outChannels } = this;
    return tf.tidy(() => {
      const bias = this.bias && tf.tile(this.bias.variable as tf.Tensor as tf.Tensor1D, [k * k]);
      return tf.fused.matMul({
        a: x.reshape<tf.Tensor2D>([n * h * w, c]),
        b: this.weight.variable.reshape<tf.Tensor2D>([k * k * outChannels, c]),
        transposeB: true,
        bias,
        activation,
      }) as tf.Tensor2D;
    });
  }
}
