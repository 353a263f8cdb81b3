// SplitAttentionConv2d: a grouped convolution whose output is `radix` maps, summed with weights per channel that an attention over
// the maps gives (Zhang et al., ResNeSt, CVPRW 2022). N images, C channels.

import * as tf from '@tensorflow/tfjs';
import {
  buildConv,
  buildNorm,
  Conv2d,
  type ConvCfg,
  convNorm,
  kaiming,
  Module,
  type Norm,
  type NormCfg,
} from '../../nn';

export interface SplitAttentionConv2dConfig {
  inChannels: number;
  channels: number;
  stride: number;
  dilation: number;
  groups: number;
  radix: number;
  reductionFactor: number;
  convCfg?: ConvCfg | null;
  /** The kind of the convolution, where it is deformable. */
  middleCfg?: ConvCfg | null;
  normCfg: NormCfg;
}

export class SplitAttentionConv2d extends Module {
  private readonly conv: Conv2d;
  private readonly norm0: Norm;
  private readonly fc1: Conv2d;
  private readonly norm1: Norm;
  private readonly fc2: Conv2d;
  private readonly radix: number;
  private readonly groups: number;

  constructor(config: SplitAttentionConv2dConfig) {
    super();
    const { inChannels, channels, stride, dilation, groups, radix, normCfg, middleCfg } = config;
    this.radix = radix;
    this.groups = groups;
    const hidden = Math.max(Math.floor((inChannels * radix) / config.reductionFactor), 32);
    const norm = (index: number, count: number) => {
      const built = buildNorm(normCfg, count);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    const layer = { kernelSize: 3, stride, padding: dilation, dilation, groups: groups * radix, bias: false };
    const outChannels = channels * radix;
    const init = middleCfg ? {} : { init: kaiming() };
    this.conv = this.addChild(
      'conv',
      buildConv(middleCfg ?? config.convCfg, { inChannels, outChannels, ...layer, ...init }),
    );
    this.norm0 = norm(0, outChannels);
    const pointwise = (from: number, to: number) =>
      new Conv2d({ inChannels: from, outChannels: to, kernelSize: 1, groups, init: kaiming() });
    this.fc1 = this.addChild('fc1', pointwise(channels, hidden));
    this.norm1 = norm(1, hidden);
    this.fc2 = this.addChild('fc2', pointwise(hidden, outChannels));
  }

  /** [N, H, W, inChannels] -> [N, H / stride, W / stride, channels], after norm and ReLU. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const maps = convNorm(this.conv, this.norm0, x, { activation: 'relu' }); // [N, H, W, radix C]
    const parts = tf.split(maps, this.radix, 3);
    const pooled = tf.mean<tf.Tensor4D>(tf.addN(parts), [1, 2], true); // [N, 1, 1, C]
    const weights = this.attention(convNorm(this.fc1, this.norm1, pooled, { activation: 'relu' }));
    return tf.addN(parts.map((part, r) => tf.mul<tf.Tensor4D>(part, weights[r])));
  }

  /** Weights of each map [N, 1, 1, C], from the hidden layer; a softmax over the maps, of one a sigmoid. */
  private attention(hidden: tf.Tensor4D): tf.Tensor4D[] {
    const logits = this.fc2.forward(hidden); // by group, then map
    if (this.radix === 1) return [tf.sigmoid(logits)];
    const [n, , , channels] = logits.shape;
    const { radix, groups } = this;
    const byGroup = logits.reshape([n, groups, radix, channels / (radix * groups)]);
    const shares = tf.softmax(tf.transpose(byGroup, [0, 1, 3, 2])); // over the maps
    return tf.unstack(shares, 3).map((share) => share.reshape<tf.Tensor4D>([n, 1, 1, channels / radix]));
  }
}
