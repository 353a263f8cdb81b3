// Global context block (Cao et al., GCNet, ICCVW 2019): one vector per image, pooled by attention or on average, goes through
// a bottleneck and is added to or multiplied with every pixel.

import * as tf from '@tensorflow/tfjs';
import { Conv2d } from '../../nn/conv2d';
import { kaiming, ones, zeros } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';
import { layerNorm } from '../../ops/layer-norm';

export interface ContextBlockConfig {
  inChannels: number;
  /** Channels of the bottleneck over those of the map. */
  ratio: number;
  poolingType?: 'att' | 'avg';
  fusionTypes?: readonly ('channel_add' | 'channel_mul')[];
}

/** PyTorch's LayerNorm([C, 1, 1]), which keeps these ones in its shapes. */
class PixelNorm extends Module {
  readonly layerNames = ['LayerNorm', 'LN'];
  private readonly weight: Parameter;
  private readonly bias: Parameter;

  constructor(channels: number) {
    super();
    this.weight = this.addParameter('weight', [channels, 1, 1], ones);
    this.bias = this.addParameter('bias', [channels, 1, 1], zeros);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [scale, offset] = [this.weight, this.bias].map((p) => p.variable.flatten());
    return layerNorm(x, { scale, offset });
  }
}

/** Conv, norm, ReLU, conv under PyTorch's names 0, 1, 3; the last one starts from zero. */
class Transform extends Module {
  private readonly down: Conv2d;
  private readonly norm: PixelNorm;
  private readonly up: Conv2d;

  constructor(channels: number, planes: number) {
    super();
    this.down = this.addChild('0', new Conv2d({ inChannels: channels, outChannels: planes, kernelSize: 1 }));
    this.norm = this.addChild('1', new PixelNorm(planes));
    const last = { inChannels: planes, outChannels: channels, kernelSize: 1, init: zeros, biasInit: zeros };
    this.up = this.addChild('3', new Conv2d(last));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.up.forward(tf.relu(this.norm.forward(this.down.forward(x))));
  }
}

/**
 * @example new ContextBlock({ inChannels: 256, ratio: 1 / 16 }).forward(x) // [N, H, W, 256] -> the same shape
 */
export class ContextBlock extends Module {
  private readonly mask?: Conv2d;
  private readonly added?: Transform;
  private readonly factor?: Transform;

  constructor({ inChannels, ratio, poolingType = 'att', fusionTypes = ['channel_add'] }: ContextBlockConfig) {
    super();
    const planes = Math.floor(inChannels * ratio);
    if (poolingType === 'att') {
      const init = kaiming({ mode: 'fan_in' });
      const mask = new Conv2d({ inChannels, outChannels: 1, kernelSize: 1, init, biasInit: zeros });
      this.mask = this.addChild('conv_mask', mask);
    }
    const transform = (name: string) => this.addChild(name, new Transform(inChannels, planes));
    if (fusionTypes.includes('channel_add')) this.added = transform('channel_add_conv');
    if (fusionTypes.includes('channel_mul')) this.factor = transform('channel_mul_conv');
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const context = this.pool(x);
      let y = x;
      if (this.factor) y = tf.mul(y, tf.sigmoid(this.factor.forward(context)));
      return this.added ? tf.add(y, this.added.forward(context)) : y;
    });
  }

  /** [N, H, W, C] -> [N, 1, 1, C]. */
  private pool(x: tf.Tensor4D): tf.Tensor4D {
    const [n, h, w, c] = x.shape;
    if (!this.mask) return tf.mean(x, [1, 2], true);
    const weights = tf.softmax(this.mask.forward(x).reshape([n, 1, h * w]), -1);
    return tf.matMul(weights, x.reshape([n, h * w, c])).reshape([n, 1, 1, c]);
  }
}
