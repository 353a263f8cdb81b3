// CBAM (Woo et al., ECCV 2018) with MMYOLO's names: channels weighted by what two layers make of their mean and their maximum over
// the map, then pixels by a convolution of the mean and the maximum over the channels (the spatial attention module, SAM).

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';

export interface CBAMConfig {
  inChannels: number;
  /** Channels over those between the two layers. */
  reduceRatio?: number;
  kernelSize?: number;
  /** Between the two layers. */
  actCfg?: ActCfg;
}

/** One factor a channel, [N, 1, 1, C]. */
class ChannelGate extends Module {
  private readonly fc: Sequential<ConvModule>;

  constructor(channels: number, reduceRatio: number, actCfg: ActCfg) {
    super();
    const hidden = Math.floor(channels / reduceRatio);
    if (hidden === 0)
      throw new DetLabError(
        `Cannot build CBAM: expected at least reduce_ratio (${reduceRatio}) channels, received ${channels}. ` +
          'Give a lower reduce_ratio',
      );
    const conv = (inChannels: number, outChannels: number, act: ActCfg | null) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 1, actCfg: act });
    this.fc = this.addChild('fc', new Sequential([conv(channels, hidden, actCfg), conv(hidden, channels, null)]));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const mean = tf.mean<tf.Tensor4D>(x, [1, 2], true);
    const highest = maxPool2d(x, { size: [x.shape[1], x.shape[2]] });
    return tf.sigmoid(tf.add<tf.Tensor4D>(this.fc.forward(mean), this.fc.forward(highest)));
  }
}

/** One factor a pixel, [N, H, W, 1]: the spatial attention module. */
export class SpatialGate extends Module {
  private readonly conv: ConvModule;

  constructor(kernelSize = 7) {
    super();
    if (kernelSize % 2 === 0)
      throw new DetLabError(`Cannot build a spatial attention: expected an odd kernel_size, received ${kernelSize}`);
    const shape = { inChannels: 2, outChannels: 1, kernelSize, padding: (kernelSize - 1) / 2 };
    this.conv = this.addChild('conv', new ConvModule({ ...shape, actCfg: { type: 'Sigmoid' } }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [n, h, w, c] = x.shape;
    // a pooling over the channels: among equal values the gradient goes to the first, as in PyTorch
    const highest = maxPool2d(x.reshape([n, h * w, c, 1]), { size: [1, c] }).reshape<tf.Tensor4D>([n, h, w, 1]);
    return this.conv.forward(tf.concat([tf.mean<tf.Tensor4D>(x, 3, true), highest], 3));
  }
}

/**
 * @example new CBAM({ inChannels: 256 }).forward(x) // [N, H, W, 256] -> the same shape
 */
export class CBAM extends Module {
  private readonly channels: ChannelGate;
  private readonly pixels: SpatialGate;

  constructor({ inChannels, reduceRatio = 16, kernelSize = 7, actCfg = { type: 'ReLU' } }: CBAMConfig) {
    super();
    this.channels = this.addChild('channel_attention', new ChannelGate(inChannels, reduceRatio, actCfg));
    this.pixels = this.addChild('spatial_attention', new SpatialGate(kernelSize));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = tf.mul<tf.Tensor4D>(this.channels.forward(x), x);
      return tf.mul(this.pixels.forward(y), y);
    });
  }
}
