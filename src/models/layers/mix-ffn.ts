// MixFFN of PVT: fully connected layers on a map, v2 with a depthwise 3x3 convolution between them in place of position embeddings
// (Wang et al., PVT v2, CVMJ 2022), and a shortcut around them.

import * as tf from '@tensorflow/tfjs';
import { type ActCfg, type Activation, buildActivation, Conv2d, Dropout, Module } from '../../nn';

export interface MixFFNConfig {
  embedDims: number;
  feedforwardChannels: number;
  actCfg: ActCfg;
  /** Dropout after every layer. */
  drop: number;
  /** Stochastic depth. */
  dropPath: number;
  useConv: boolean;
}

export class MixFFN extends Module {
  private readonly first: Conv2d;
  private readonly depthwise?: Conv2d;
  private readonly last: Conv2d;
  private readonly activation: Activation;
  private readonly drop: Dropout;
  private readonly path: Dropout;

  constructor({ embedDims, feedforwardChannels: hidden, actCfg, drop, dropPath, useConv }: MixFFNConfig) {
    super();
    const pointwise = (inChannels: number, outChannels: number) =>
      new Conv2d({ inChannels, outChannels, kernelSize: 1 });
    this.first = this.addChild('layers.0', pointwise(embedDims, hidden));
    if (useConv) {
      const depthwise = { inChannels: hidden, outChannels: hidden, kernelSize: 3, padding: 1, groups: hidden };
      this.depthwise = this.addChild('layers.1', new Conv2d(depthwise));
    }
    // activation and dropout have the names between
    this.last = this.addChild(useConv ? 'layers.4' : 'layers.3', pointwise(hidden, embedDims));
    this.activation = buildActivation(actCfg);
    this.drop = this.addChild('drop', new Dropout({ type: 'Dropout', drop_prob: drop }));
    this.path = this.addChild('dropout_layer', new Dropout({ type: 'DropPath', drop_prob: dropPath }));
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D, identity: tf.Tensor4D): tf.Tensor4D {
    const hidden = this.first.forward(x);
    const mixed = this.depthwise?.forward(hidden) ?? hidden;
    const y = this.drop.forward(this.last.forward(this.drop.forward(this.activation.apply(mixed))));
    return tf.add(identity, this.path.forward(y));
  }
}
