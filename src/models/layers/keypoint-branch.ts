// A 3x3 convolution with ReLU and a 1x1 one that predicts: the branches of CenterNet's head.

import type * as tf from '@tensorflow/tfjs';
import { Conv2d, type Conv2dConfig, Module } from '../../nn';

export class KeypointBranch extends Module {
  private readonly hidden: Conv2d;
  private readonly out: Conv2d;

  constructor(
    { inChannels, hiddenChannels, outChannels }: { inChannels: number; hiddenChannels: number; outChannels: number },
    { hidden = {}, out = {} }: Partial<Record<'hidden' | 'out', Pick<Conv2dConfig, 'init' | 'biasInit'>>> = {},
  ) {
    super();
    this.hidden = this.addChild(
      '0',
      new Conv2d({ inChannels, outChannels: hiddenChannels, kernelSize: 3, padding: 1, ...hidden }),
    );
    this.out = this.addChild('2', new Conv2d({ inChannels: hiddenChannels, outChannels, kernelSize: 1, ...out }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.out.forward(this.hidden.forward(x, { activation: 'relu' }));
  }
}
