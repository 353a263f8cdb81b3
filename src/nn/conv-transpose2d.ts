// Transposed convolution: the filter is [kh, kw, out, in] here and [in, out, kh, kw] in the state dict, as in PyTorch. If the
// stride equals the kernel size, taps do not overlap: a matrix product and a transposition.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { type Initializer, torchDefault, torchDefaultBias } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `ConvTranspose2d`, named after torch's. */
export interface ConvTranspose2dConfig {
  inChannels: number;
  outChannels: number;
  kernelSize: number;
  stride?: number;
  padding?: number;
  outputPadding?: number;
  groups?: number;
  bias?: boolean;
  init?: Initializer;
  biasInit?: Initializer;
}

/**
 * @example new ConvTranspose2d({ inChannels: 8, outChannels: 4, kernelSize: 2, stride: 2 }).forward(x) // [N, 2 H, 2 W, 4]
 */
export class ConvTranspose2d extends Module {
  readonly layerNames = ['ConvTranspose2d', 'deconv', '_ConvNd'];
  readonly weight: Parameter<tf.Rank.R4>;
  readonly bias?: Parameter<tf.Rank.R1>;
  readonly kernelSize: number;
  readonly stride: number;
  readonly outChannels: number;
  private readonly groups: number;
  private readonly padding: number;
  private readonly outputPadding: number;

  constructor(config: ConvTranspose2dConfig) {
    super();
    const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, outputPadding = 0, groups = 1 } = config;
    if (outputPadding > 0 && outputPadding >= stride)
      throw new DetLabError(
        `Cannot build a transposed convolution: expected output_padding < stride ${stride}, received ${outputPadding}`,
      );
    this.outChannels = outChannels;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.groups = groups;
    this.padding = padding;
    this.outputPadding = outputPadding;
    // axes 2 and 3 are input and output of the transposed filter, so that layout and fans are PyTorch's
    const shape = [kernelSize, kernelSize, outChannels / groups, inChannels] as const;
    this.weight = this.addParameter('weight', shape, config.init ?? torchDefault, { kind: 'conv' });
    if (config.bias ?? true) {
      const init = config.biasInit ?? torchDefaultBias((outChannels / groups) * kernelSize * kernelSize);
      this.bias = this.addParameter('bias', [outChannels], init);
    }
  }

  /** Whether taps do not overlap: every output pixel has one tap. */
  get isDisjoint(): boolean {
    return this.groups === 1 && this.stride === this.kernelSize && this.padding === 0 && this.outputPadding === 0;
  }

  /** [N, H, W, Cin] -> [N, (H - 1) stride - 2 padding + kernel + outputPadding, ..., Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [n, h, w] = x.shape;
    const { kernelSize: k, stride, padding, outputPadding, outChannels } = this;
    if (this.isDisjoint)
      return tf.tidy(() =>
        tf
          .transpose(this.blocks(x).reshape([n, h, w, k, k, outChannels]), [0, 1, 3, 2, 4, 5])
          .reshape<tf.Tensor4D>([n, h * k, w * k, outChannels]),
      );
    return tf.tidy(() => {
      const side = (length: number) => (length - 1) * stride + k + outputPadding;
      // without padding, which is cropped afterwards: not every backend supports explicit padding here
      const { groups } = this;
      const shape = [n, side(h) - outputPadding, side(w) - outputPadding, outChannels / groups] as const;
      const convolve = (map: tf.Tensor4D, filter: tf.Tensor4D) =>
        tf.conv2dTranspose(map, filter, [...shape], stride, 'valid') as tf.Tensor4D;
      const ofGroups = (t: tf.Tensor4D) => tf.split(t, groups, 3) as tf.Tensor4D[];
      const { variable } = this.weight;
      const filters = groups === 1 ? [] : ofGroups(variable);
      const whole =
        groups === 1
          ? convolve(x, variable)
          : tf.concat(
              ofGroups(x).map((map, g) => convolve(map, filters[g])),
              3,
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
      const cropped: tf.Tensor4D =
        padding > 0
          ? tf.slice(grown, [0, padding, padding, 0], [n, side(h) - 2 * padding, side(w) - 2 * padding, outChannels])
          : grown;
      return this.bias ? tf.add<tf.Tensor4D>(cropped, this.bias.variable) : cropped;
    });
  }

  /**
   * The output block of each input pixel before the transposition, [N * H * W, kernel * kernel * Cout], for layers that
   * process pixels independently.
   */
  blocks(x: tf.Tensor4D, { activation = 'linear' }: { activation?: 'linear' | 'relu' } = {}): tf.Tensor2D {
    const [n, h, w, c] = x.shape;
    const { kernelSize: k, outChannels } = this;
    return tf.tidy(() => {
      const bias = this.bias && tf.tile(this.bias.variable, [k * k]);
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
