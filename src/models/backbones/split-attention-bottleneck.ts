// Residual block of ResNeSt (Zhang et al., CVPRW 2022): a bottleneck whose 3x3 is a split attention; its stride may be that of an
// average pooling after it, which precedes the plugins after the 3x3.

import * as tf from '@tensorflow/tfjs';
import { buildConv, buildNorm, type Conv2d, convNorm, kaiming, Module, type Norm } from '../../nn';
import { buildPlugins, type Plugin, type PluginPosition } from '../layers/block-plugins';
import { SplitAttentionConv2d } from '../layers/split-attention-conv2d';
import type { BlockConfig } from './basic-block';
import type { Downsample } from './downsample';

export interface SplitAttentionOptions {
  radix: number;
  reductionFactor: number;
  /** Whether the stride of the 3x3 is that of a pooling after it. */
  avgDownStride: boolean;
}

export class SplitAttentionBottleneck extends Module {
  static readonly expansion = 4;
  private readonly conv1: Conv2d;
  private readonly norm1: Norm;
  private readonly conv2: SplitAttentionConv2d;
  private readonly conv3: Conv2d;
  private readonly norm3: Norm;
  private readonly downsample?: Downsample;
  private readonly plugins: Record<PluginPosition, Plugin[]> = { after_conv1: [], after_conv2: [], after_conv3: [] };
  /** 1: none. */
  private readonly pool: number;

  constructor(config: BlockConfig, { radix, reductionFactor, avgDownStride }: SplitAttentionOptions) {
    super();
    const { inPlanes, planes, stride, dilation, style, convCfg, normCfg, middleCfg, downsample } = config;
    const {
      outPlanes = planes * SplitAttentionBottleneck.expansion,
      width = planes,
      groups = 1,
      plugins = [],
    } = config;
    const [stride1, stride2] = style === 'pytorch' ? [1, stride] : [stride, 1];
    this.pool = avgDownStride ? stride2 : 1;
    const pointwise = (inChannels: number, outChannels: number, step: number) =>
      buildConv(convCfg, { inChannels, outChannels, kernelSize: 1, stride: step, bias: false, init: kaiming() });
    const norm = (index: number, channels: number) => {
      const built = buildNorm(normCfg, channels);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    this.conv1 = this.addChild('conv1', pointwise(inPlanes, width, stride1));
    this.norm1 = norm(1, width);
    const middle = { inChannels: width, channels: width, stride: this.pool > 1 ? 1 : stride2, dilation, groups };
    this.conv2 = this.addChild(
      'conv2',
      new SplitAttentionConv2d({ ...middle, radix, reductionFactor, convCfg, middleCfg, normCfg }),
    );
    this.conv3 = this.addChild('conv3', pointwise(width, outPlanes, 1));
    this.norm3 = norm(3, outPlanes);
    if (downsample) this.downsample = this.addChild('downsample', downsample);
    const channels = { after_conv1: width, after_conv2: width, after_conv3: outPlanes };
    for (const { position, name, module } of buildPlugins(plugins, channels))
      this.plugins[position].push(this.addChild(name, module));
  }

  /** [N, H, W, inPlanes] -> [N, H / stride, W / stride, outPlanes]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const plugged = (y: tf.Tensor4D, at: PluginPosition) => this.plugins[at].reduce((z, p) => p.forward(z), y);
      const y1 = plugged(convNorm(this.conv1, this.norm1, x, { activation: 'relu' }), 'after_conv1');
      const y2 = plugged(this.pooled(this.conv2.forward(y1)), 'after_conv2');
      if (this.plugins.after_conv3.length === 0)
        return convNorm(this.conv3, this.norm3, y2, { residual, activation: 'relu' });
      return tf.relu(tf.add<tf.Tensor4D>(plugged(convNorm(this.conv3, this.norm3, y2), 'after_conv3'), residual));
    });
  }

  /** Windows of 3 x 3, in which the padding counts as zeros. */
  private pooled(y: tf.Tensor4D): tf.Tensor4D {
    if (this.pool === 1) return y;
    const edge: [number, number] = [1, 1];
    return tf.avgPool(tf.pad(y, [[0, 0], edge, edge, [0, 0]]) as tf.Tensor4D, 3, this.pool, 'valid');
  }
}
