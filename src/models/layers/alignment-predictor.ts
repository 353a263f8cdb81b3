// The predictor of an alignment map of TOOD (Feng et al., ICCV 2021): a 1x1 and a 3x3 convolution on the interactive features.

import type * as tf from '@tensorflow/tfjs';
import { Conv2d, type Initializer, Module, normal, zeros } from '../../nn';

export interface AlignmentPredictorConfig {
  inChannels: number;
  hiddenChannels: number;
  outChannels: number;
  /** Standard deviation that both filters start with. */
  std: number;
  /** Start of the last bias; zeros by default. */
  biasInit?: Initializer;
}

/**
 * The convolutions `0` and `2`; a ReLU follows the first.
 *
 * @example new AlignmentPredictor({ inChannels: 1536, hiddenChannels: 64, outChannels: 8, std: 0.001 })
 */
export class AlignmentPredictor extends Module {
  private readonly hidden: Conv2d;
  private readonly output: Conv2d;

  constructor({ inChannels, hiddenChannels, outChannels, std, biasInit = zeros }: AlignmentPredictorConfig) {
    super();
    const init = normal(std);
    this.hidden = this.addChild(
      '0',
      new Conv2d({ inChannels, outChannels: hiddenChannels, kernelSize: 1, init, biasInit: zeros }),
    );
    this.output = this.addChild(
      '2',
      new Conv2d({ inChannels: hiddenChannels, outChannels, kernelSize: 3, padding: 1, init, biasInit }),
    );
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.output.forward(this.hidden.forward(x, { activation: 'relu' }));
  }
}
