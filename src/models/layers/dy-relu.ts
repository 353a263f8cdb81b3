// Dynamic ReLU (Chen et al., ECCV 2020) as DyHead's task-aware attention has it: the larger of two lines per channel, whose
// slopes and intercepts are predicted from the pooled channels.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Module } from '../../nn/module';

/**
 * @example new DyReLU(256).forward(x) // [N, H, W, 256] -> the same shape
 */
export class DyReLU extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;

  constructor(channels: number, ratio = 4) {
    super();
    const mid = Math.floor(channels / ratio);
    this.conv1 = this.addChild('conv1', new ConvModule({ inChannels: channels, outChannels: mid, kernelSize: 1 }));
    this.conv2 = this.addChild(
      'conv2',
      new ConvModule({
        ...{ inChannels: mid, outChannels: 4 * channels, kernelSize: 1 },
        actCfg: { type: 'HSigmoid', bias: 3, divisor: 6 },
      }),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const pooled = tf.mean<tf.Tensor4D>(x, [1, 2], true);
      const coefficients = tf.sub<tf.Tensor4D>(this.conv2.forward(this.conv1.forward(pooled)), 0.5);
      const [a1, b1, a2, b2] = tf.split(coefficients, 4, 3); // each in [-0.5, 0.5]
      const first = tf.add(tf.mul(x, tf.add(tf.mul(a1, 2), 1)), b1);
      const second = tf.add(tf.mul(x, tf.mul(a2, 2)), b2);
      return tf.maximum(first, second);
    });
  }
}
