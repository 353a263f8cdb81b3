// Bottleneck of Res2Net (Gao et al., TPAMI 2021): the 3x3 is cut into `scales` slices of channels; each slice but the last
// is convolved after the result of the one before was added to it. In a stage's first block (`stage`) slices stay apart
// and the last one is pooled.

import * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { buildPlugins, type Plugin, type PluginPosition } from '../layers/block-plugins';
import type { BlockConfig } from './basic-block';
import type { Downsample } from './downsample';

export class Bottle2neck extends Module {
  static readonly expansion = 4;
  private readonly conv1: Conv2d;
  private readonly norm1: Norm;
  private readonly convs = new ModuleList<Conv2d>();
  private readonly norms = new ModuleList<Norm>();
  private readonly conv3: Conv2d;
  private readonly norm3: Norm;
  private readonly downsample?: Downsample;
  private readonly plugins: Record<PluginPosition, Plugin[]> = { after_conv1: [], after_conv2: [], after_conv3: [] };
  private readonly apart: boolean;
  private readonly stride: number;

  /** `config.width` is that of one slice. */
  constructor(
    config: BlockConfig,
    private readonly scales: number,
  ) {
    super();
    const { inPlanes, planes, stride, dilation, style, convCfg, normCfg, downsample } = config;
    const { outPlanes = planes * Bottle2neck.expansion, width = planes, plugins = [] } = config;
    const [stride1, stride2] = style === 'pytorch' ? [1, stride] : [stride, 1];
    this.stride = stride2;
    this.apart = config.first === true;
    const shared = { bias: false, init: kaiming() };
    const pointwise = (name: string, inChannels: number, outChannels: number, step: number) =>
      this.addChild(name, buildConv(convCfg, { ...shared, inChannels, outChannels, kernelSize: 1, stride: step }));
    const norm = (index: number, channels: number) => {
      const built = buildNorm(normCfg, channels);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    const all = width * scales;
    this.conv1 = pointwise('conv1', inPlanes, all, stride1);
    this.norm1 = norm(1, all);
    this.conv3 = pointwise('conv3', all, outPlanes, 1);
    this.norm3 = norm(3, outPlanes);
    if (downsample) this.downsample = this.addChild('downsample', downsample);
    // the reference builds the first two positions for `planes` channels, which its maps only have by chance
    for (const { position, name, module } of buildPlugins(plugins, {
      after_conv1: all,
      after_conv2: all,
      after_conv3: outPlanes,
    }))
      this.plugins[position].push(this.addChild(name, module));
    const conv3x3 = {
      inChannels: width,
      outChannels: width,
      kernelSize: 3,
      stride: stride2,
      padding: dilation,
      dilation,
    };
    const init = config.middleCfg ? { bias: false } : shared;
    for (let i = 0; i < scales - 1; i++) {
      this.convs.push(buildConv(config.middleCfg ?? convCfg, { ...init, ...conv3x3 }));
      this.norms.push(buildNorm(normCfg, width).norm);
    }
    this.addChild('convs', this.convs);
    this.addChild('bns', this.norms);
  }

  /** [N, H, W, inPlanes] -> [N, H / stride, W / stride, outPlanes]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const plugged = (y: tf.Tensor4D, at: PluginPosition) => this.plugins[at].reduce((z, p) => p.forward(z), y);
      const wide = plugged(convNorm(this.conv1, this.norm1, x, { activation: 'relu' }), 'after_conv1');
      const slices = tf.split<tf.Tensor4D>(wide, this.scales, 3);
      const results: tf.Tensor4D[] = [];
      for (let i = 0; i < this.scales - 1; i++) {
        const input = i === 0 || this.apart ? slices[i] : tf.add<tf.Tensor4D>(results[i - 1], slices[i]);
        results.push(convNorm(this.convs.at(i), this.norms.at(i), input, { activation: 'relu' }));
      }
      results.push(this.apart && this.stride !== 1 ? this.pool(slices[this.scales - 1]) : slices[this.scales - 1]);
      const joined = plugged(tf.concat(results, 3), 'after_conv2');
      if (this.plugins.after_conv3.length === 0)
        return convNorm(this.conv3, this.norm3, joined, { residual, activation: 'relu' });
      return tf.relu(tf.add<tf.Tensor4D>(plugged(convNorm(this.conv3, this.norm3, joined), 'after_conv3'), residual));
    });
  }

  /** 3x3 average with a frame of zeros that count. */
  private pool(x: tf.Tensor4D): tf.Tensor4D {
    const framed = tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    return tf.avgPool(framed, 3, this.stride, 'valid');
  }
}
