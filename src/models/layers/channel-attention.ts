// Channel attention of RTMDet's CSP layers (Lyu et al., 2022): each channel times a hard sigmoid of the pooled channels.

import * as tf from '@tensorflow/tfjs';
import { Conv2d } from '../../nn/conv2d';
import { Module } from '../../nn/module';

/**
 * @example new ChannelAttention(64).forward(x) // [N, H, W, 64] -> the same shape
 */
export class ChannelAttention extends Module {
  private readonly fc: Conv2d;

  constructor(channels: number) {
    super();
    this.fc = this.addChild('fc', new Conv2d({ inChannels: channels, outChannels: channels, kernelSize: 1 }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const pooled = tf.mean<tf.Tensor4D>(x, [1, 2], true); // [N, 1, 1, C]
      const gate = tf.div(tf.clipByValue(tf.add(this.fc.forward(pooled), 3), 0, 6), 6);
      return tf.mul(x, gate);
    });
  }
}
