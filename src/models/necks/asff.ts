// ASFF, adaptively spatial feature fusion (Liu et al., 2019): each level is a sum of all levels, brought to its size, with weights
// of every pixel that a softmax makes of 1x1 convolutions of them. Coarser levels come by a 1x1 convolution and repetition, finer
// ones by a strided 3x3 convolution after as many max poolings as halvings are left. Channels between (`compress_channels`) and the 3x3
// convolution at the end are those of the authors' code.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';
import { resizeNearest } from '../../ops/resize-nearest';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { levelStrides } from './infer-scaled-channels';
import { expectLevels } from './infer-single-channels';

const channelList = z.array(z.int().positive()).min(2).optional();
const options = z.strictObject({
  in_channels: channelList.describe('Channels of each level'),
  out_channels: channelList.describe('Channels of each output level; those that enter when left out'),
  compress_channels: z.int().positive().default(16).describe('Channels of each level of which the weights are made'),
  norm_cfg: normCfg.nullable().default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: the layers' own start"),
});
type Options = z.output<typeof options> & { in_channels: number[]; out_channels: number[] };
type Layers = Pick<ConvModuleConfig, 'normCfg' | 'actCfg'>;

/** One output level. */
class Fusion extends Module {
  private readonly resizes: ModuleList<ConvModule | ModuleList<ConvModule>>;
  private readonly weights: ModuleList<ConvModule>;
  private readonly joint: Conv2d;
  private readonly expand: ConvModule;

  /** @param level the one whose size and channels the sum has */
  constructor(
    private readonly level: number,
    { in_channels: channels, out_channels, compress_channels: compressed }: Options,
    layers: Layers,
  ) {
    super();
    const own = channels[level];
    const conv = (inChannels: number, outChannels: number, kernelSize: 1 | 3, stride = 1) =>
      new ConvModule({ inChannels, outChannels, kernelSize, padding: kernelSize >> 1, stride, ...layers });
    const resize = (from: number, i: number) => {
      if (i > level) return conv(from, own, 1);
      return new ModuleList(i === level ? [] : [conv(from, own, 3, 2)]);
    };
    this.resizes = this.addChild('resizes', new ModuleList(channels.map(resize)));
    this.weights = this.addChild('weights', new ModuleList(channels.map(() => conv(own, compressed, 1))));
    const joined = channels.length * compressed;
    const all = { inChannels: joined, outChannels: channels.length, kernelSize: 1 };
    this.joint = this.addChild('weight_levels', new Conv2d(all));
    this.expand = this.addChild('expand', conv(own, out_channels[level], 3));
  }

  forward(inputs: readonly tf.Tensor4D[]): tf.Tensor4D {
    const [, height, width] = inputs[this.level].shape;
    const maps = inputs.map((x, i) => this.resized(x, i, [height, width]));
    const shares = this.joint.forward(
      tf.concat(
        maps.map((map, i) => this.weights.at(i).forward(map)),
        3,
      ),
    );
    const weights = tf.split(tf.softmax(shares, 3), maps.length, 3); // each [N, H, W, 1]
    return this.expand.forward(tf.addN(maps.map((map, i) => tf.mul<tf.Tensor4D>(map, weights[i]))));
  }

  private resized(x: tf.Tensor4D, i: number, size: [number, number]): tf.Tensor4D {
    const layer = this.resizes.at(i);
    if (layer instanceof ConvModule) return resizeNearest(layer.forward(x), size);
    let y = x;
    for (let step = i + 1; step < this.level; step++)
      y = maxPool2d(y, { size: [3, 3], strides: [2, 2], padding: [1, 1] });
    return [...layer].reduce((map, conv) => conv.forward(map), y);
  }
}

/**
 * @example new ASFF({ ...asff.options.parse({}), in_channels: [128, 256, 512], out_channels: [128, 256, 512] }).forward(levels)
 */
export class ASFF extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly fusions: ModuleList<Fusion>;

  constructor(o: Options, inputs?: FeatureSpec[]) {
    super();
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const strides = levelStrides(o.in_channels.length, inputs);
    this.outputs = o.out_channels.map((channels, i) => ({ channels, stride: strides[i] }));
    this.fusions = this.addChild('fusions', new ModuleList(strides.map((_, i) => new Fusion(i, o, layers))));
    applyInitCfg(this, o.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => [...this.fusions].map((fusion) => fusion.forward(inputs)));
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): Options {
  const o = inferInChannels('ASFF', given, context);
  const out_channels = o.out_channels ?? o.in_channels;
  const levels = o.in_channels.length;
  expectLevels('ASFF', context.path, levels, out_channels.length, 'out_channels, one for each level that enters');
  return { ...o, out_channels };
}

export const asff = defineModule({
  kind: 'neck',
  type: 'ASFF',
  summary: 'Adaptively spatial feature fusion: every level a sum of all, with weights of each pixel.',
  paper: 'Liu, Huang and Wang: Learning Spatial Fusion for Single-Shot Object Detection, 2019',
  shapes: '[N, H/s, W/s, in_channels[i]] for each level -> [N, H/s, W/s, out_channels[i]]',
  example: "{ type: 'ASFF' }",
  options,
  inferred: { in_channels: 'the channels of the levels before it', out_channels: 'in_channels' },
  infer,
  build: (o, { inputs }) => new ASFF(o as Options, inputs),
});
