// DyConv: GLIP's layer of a dynamic head (Dai et al., CVPR 2021): spatial and scale attention, and a dynamic ReLU of fully
// connected layers (Chen et al., ECCV 2020).

import * as tf from '@tensorflow/tfjs';
import { Linear, normal, zeros } from '../../nn';
import { Conv2d } from '../../nn/conv2d';
import { ModulatedDeformConv2d } from '../../nn/deform-conv2d';
import { GroupNorm } from '../../nn/group-norm';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { dynamicAttention, TAPS } from './dynamic-attention';

const GROUPS = 16;

/** Modulated deformable 3x3 convolution and a group norm. */
class NormedDeformConv extends Module {
  private readonly conv: ModulatedDeformConv2d;
  private readonly norm: GroupNorm;

  constructor(channels: number, stride: number) {
    super();
    const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, stride, padding: 1, bias: true };
    this.conv = this.addChild('conv', new ModulatedDeformConv2d(shape));
    this.norm = this.addChild('bn', new GroupNorm({ channels, groups: GROUPS }));
  }

  forward(x: tf.Tensor4D, offset: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
    return this.norm.forward(this.conv.forward(x, offset, mask));
  }
}

/** The larger of two lines per channel, whose slopes and intercepts are predicted from the pooled channels. */
class DynamicReLU extends Module {
  private readonly squeeze: Linear;
  private readonly expand: Linear;

  constructor(channels: number, ratio = 4) {
    super();
    const mid = Math.floor(channels / ratio);
    this.squeeze = this.addChild('fc.0', new Linear({ inFeatures: channels, outFeatures: mid }));
    this.expand = this.addChild('fc.2', new Linear({ inFeatures: mid, outFeatures: 4 * channels }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const pooled = tf.mean<tf.Tensor2D>(x, [1, 2]);
      const raw = this.expand.forward(this.squeeze.forward(pooled, { activation: 'relu' }));
      // a hard sigmoid, less one half: within [-0.5, 0.5]
      const shares = tf.clipByValue(tf.div(raw, 6), -0.5, 0.5).expandDims(1).expandDims(1);
      const [a1, b1, a2, b2] = tf.split(shares, 4, 3);
      const first = tf.add(tf.mul(x, tf.add(tf.mul(a1, 2), 1)), b1);
      return tf.maximum(first, tf.add(tf.mul(x, tf.mul(a2, 2)), b2)) as tf.Tensor4D;
    });
  }
}

/**
 * @example new DyConv(256).forward(levels) // [N, H/s, W/s, 256] each -> the same shapes
 */
export class DyConv extends Module {
  private readonly convs: ModuleList<NormedDeformConv>;
  private readonly scale: Conv2d;
  private readonly relu: DynamicReLU;
  private readonly offset: Conv2d;

  constructor(channels: number) {
    super();
    const convs = [1, 1, 2].map((stride) => new NormedDeformConv(channels, stride));
    this.convs = this.addChild('dyconvs', new ModuleList(convs));
    const start = { init: normal(0.01), biasInit: zeros };
    const gate = new Conv2d({ inChannels: channels, outChannels: 1, kernelSize: 1, ...start });
    this.scale = this.addChild('attnconv.1', gate);
    this.relu = this.addChild('relu', new DynamicReLU(channels));
    const offset = { inChannels: channels, outChannels: 3 * TAPS, kernelSize: 3, padding: 1 };
    this.offset = this.addChild('offset', new Conv2d(offset));
  }

  forward(levels: readonly tf.Tensor4D[]): tf.Tensor4D[] {
    const conv =
      (i: number) =>
      (...given: [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]): tf.Tensor4D =>
        this.convs.at(i).forward(...given);
    return dynamicAttention(levels, {
      offset: (x) => this.offset.forward(x),
      high: conv(0),
      mid: conv(1),
      low: conv(2),
      scale: (pooled) => this.scale.forward(pooled),
      task: (x) => this.relu.forward(x),
    });
  }
}
