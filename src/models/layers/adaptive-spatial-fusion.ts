// Adaptive spatial fusion (Guo et al., AugFPN, CVPR 2020): maps of one size are summed, each times a weight per pixel that
// two convolutions predict from all of them. The paper gives the two convolutions (1x1, then 3x3) and the sum; the ReLU between
// them and the sigmoid as the weights' range are those of the authors' code.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Conv2d } from '../../nn/conv2d';
import { xavier, zeros } from '../../nn/initializers';
import { Module } from '../../nn/module';

/**
 * @example new AdaptiveSpatialFusion(256, 3).forward([a, b, c]) // three [N, H, W, 256] -> one
 */
export class AdaptiveSpatialFusion extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: Conv2d;

  constructor(channels: number, count: number) {
    super();
    this.conv1 = this.addChild(
      'conv1',
      new ConvModule({ inChannels: channels * count, outChannels: channels, kernelSize: 1 }),
    );
    const start = { init: xavier(), biasInit: zeros };
    this.conv2 = this.addChild(
      'conv2',
      new Conv2d({ inChannels: channels, outChannels: count, kernelSize: 3, padding: 1, ...start }),
    );
    this.conv1.conv.weight.initializer = start.init;
  }

  forward(maps: tf.Tensor4D[]): tf.Tensor4D {
    return tf.tidy(() => {
      const weights = tf.sigmoid<tf.Tensor4D>(this.conv2.forward(this.conv1.forward(tf.concat(maps, 3))));
      const shares = tf.split(weights, maps.length, 3); // each [N, H, W, 1]
      return tf.addN(maps.map((map, i) => tf.mul<tf.Tensor4D>(map, shares[i])));
    });
  }
}
