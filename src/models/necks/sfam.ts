// SFAM, the scale-wise feature aggregation module, with the pyramid that it aggregates (Zhao et al., M2Det, AAAI 2019): two levels
// of the backbone are joined to one map, thinned U-shapes decode it one after the other to several scales, each from the finest map
// of the one before, and on each scale the maps of all of them are joined and their channels weighted by squeeze and excitation.
// The authors' code has a convolution without padding before the coarsest scale, for 320 pixels, and a norm after the finest one;
// here every scale is half of the one before, and there is no such norm.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { type NormCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { resizeNearest } from '../../ops/resize-nearest';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { levelStrides } from './infer-scaled-channels';

const options = z.strictObject({
  in_channels: z.array(z.int().positive()).min(2).optional().describe('Channels of each backbone level'),
  levels: z
    .tuple([z.int(), z.int()])
    .default([-2, -1])
    .describe('The finer and the coarser level that are joined; negative: from the end'),
  base_channels: z
    .tuple([z.int().positive(), z.int().positive()])
    .default([256, 512])
    .describe('Channels of the two in the joined map'),
  planes: z.int().min(2).default(256).describe('Channels of a U-shape on every scale; even'),
  num_levels: z.int().positive().default(8).describe('U-shapes'),
  num_scales: z.int().min(2).default(6).describe('Output levels'),
  smooth: z.boolean().default(true).describe('A 1x1 convolution after each sum of a U-shape'),
  channel_attention: z
    .boolean()
    .default(true)
    .describe('Weights of the channels; without them the maps are only joined'),
  compress_ratio: z.int().positive().default(16).describe('Channels over those between the layers of the attention'),
  norm_cfg: normCfg.nullable().default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.01 }).describe('Norm'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
type Options = z.output<typeof options> & { in_channels: number[] };

const sizeOf = (x: tf.Tensor4D): [number, number] => [x.shape[1], x.shape[2]];

/** A convolution without a bias, a norm and a ReLU. */
const basicConv = (inChannels: number, outChannels: number, kernelSize: 1 | 3, normCfg: NormCfg | null, stride = 1) =>
  new ConvModule({ inChannels, outChannels, kernelSize, stride, padding: kernelSize >> 1, normCfg, bias: false });

/** A thinned U-shape: down by strided convolutions, up by sums. */
class ThinnedUShape extends Module {
  private readonly layers: ModuleList<ConvModule>;
  private readonly top: ConvModule;
  private readonly laterals: ModuleList<ConvModule>;
  private readonly smooth?: ModuleList<ConvModule>;

  constructor(inChannels: number, { planes, num_scales, smooth, norm_cfg }: Options) {
    super();
    const conv = (from: number, kernelSize: 1 | 3, stride = 1) => basicConv(from, planes, kernelSize, norm_cfg, stride);
    const steps = Array.from({ length: num_scales - 1 }, (_, i) => i);
    const list = (name: string, build: (i: number) => ConvModule) =>
      this.addChild(name, new ModuleList(steps.map(build)));
    this.layers = list('layers', (i) => conv(i === 0 ? inChannels : planes, 3, 2));
    this.top = this.addChild('toplayer', conv(planes, 1));
    this.laterals = list('latlayer', (i) => conv(i === num_scales - 2 ? inChannels : planes, 3));
    if (smooth) this.smooth = list('smooth', () => conv(planes, 1));
  }

  /** One map -> its scales, the coarsest first. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    const down = [x];
    for (const layer of this.layers) down.push(layer.forward(down[down.length - 1]));
    const up = [this.top.forward(down[down.length - 1])];
    for (const [i, lateral] of [...this.laterals].entries()) {
      const own = lateral.forward(down[down.length - 2 - i]);
      up.push(tf.add(resizeNearest(up[i], sizeOf(own)), own));
    }
    return up.map((map, i) => (i > 0 && this.smooth ? this.smooth.at(i - 1).forward(map) : map));
  }
}

/** Squeeze and excitation (Hu et al., CVPR 2018). */
class ChannelWeights extends Module {
  private readonly fc1: ConvModule;
  private readonly fc2: ConvModule;

  constructor(channels: number, hidden: number) {
    super();
    const conv = (inChannels: number, outChannels: number, type: 'ReLU' | 'Sigmoid') =>
      new ConvModule({ inChannels, outChannels, kernelSize: 1, actCfg: { type } });
    this.fc1 = this.addChild('fc1', conv(channels, hidden, 'ReLU'));
    this.fc2 = this.addChild('fc2', conv(hidden, channels, 'Sigmoid'));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.mul(x, this.fc2.forward(this.fc1.forward(tf.mean<tf.Tensor4D>(x, [1, 2], true))));
  }
}

/**
 * @example new SFAM({ ...sfam.options.parse({}), in_channels: [512, 1024], levels: [0, 1] }).forward([c4, c5]) // six levels
 */
export class SFAM extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly reduce: ConvModule;
  private readonly upReduce: ConvModule;
  private readonly leach: ModuleList<ConvModule>;
  private readonly shapes: ModuleList<ThinnedUShape>;
  private readonly attention?: ModuleList<ChannelWeights>;

  constructor(
    private readonly o: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, levels, base_channels: base, planes, num_levels: count, num_scales, norm_cfg } = o;
    const half = planes / 2;
    this.reduce = this.addChild('reduce', basicConv(in_channels[levels[0]], base[0], 3, norm_cfg));
    this.upReduce = this.addChild('up_reduce', basicConv(in_channels[levels[1]], base[1], 1, norm_cfg));
    const leach = Array.from({ length: count }, () => basicConv(base[0] + base[1], half, 1, norm_cfg));
    this.leach = this.addChild('leach', new ModuleList(leach));
    const shapes = leach.map((_, i) => new ThinnedUShape(i === 0 ? half : half + planes, o));
    this.shapes = this.addChild('tums', new ModuleList(shapes));
    const channels = planes * count;
    const scales = Array.from({ length: num_scales }, (_, i) => i);
    if (o.channel_attention) {
      const hidden = Math.max(Math.floor(channels / o.compress_ratio), 1);
      const attention = scales.map(() => new ChannelWeights(channels, hidden));
      this.attention = this.addChild('attention', new ModuleList(attention));
    }
    const stride = levelStrides(in_channels.length, inputs)[levels[0]];
    this.outputs = scales.map((i) => ({ channels, stride: stride * 2 ** i }));
    applyInitCfg(this, o.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const [finer, coarser] = this.o.levels.map((level) => inputs[level]);
      const reduced = this.reduce.forward(finer);
      const base = tf.concat([reduced, resizeNearest(this.upReduce.forward(coarser), sizeOf(reduced))], 3);
      const pyramids: tf.Tensor4D[][] = [];
      for (const [i, shape] of [...this.shapes].entries()) {
        const own = this.leach.at(i).forward(base);
        const before = pyramids[i - 1]?.at(-1);
        pyramids.push(shape.forward(before ? tf.concat([own, before], 3) : own));
      }
      return this.outputs.map((_, scale) => {
        const joined = tf.concat(
          pyramids.map((maps) => maps[maps.length - 1 - scale]),
          3,
        );
        return this.attention ? this.attention.at(scale).forward(joined) : joined;
      });
    });
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): Options {
  const o = inferInChannels('SFAM', given, context);
  const where = `Cannot build neck "SFAM"${context.path ? ` at ${context.path}` : ''}`;
  const count = o.in_channels.length;
  const levels = o.levels.map((level) => (level < 0 ? count + level : level)) as [number, number];
  if (levels.some((level) => level < 0 || level >= count) || levels[0] >= levels[1])
    throw new DetLabError(
      `${where}: expected two levels of ${count}, the finer first, received levels [${o.levels.join(', ')}]`,
    );
  if (o.planes % 2 !== 0) throw new DetLabError(`${where}: expected an even number of planes, received ${o.planes}`);
  return { ...o, levels };
}

export const sfam = defineModule({
  kind: 'neck',
  type: 'SFAM',
  summary: 'Pyramids of U-shapes one after the other, joined scale by scale with weights of the channels (M2Det).',
  paper: 'Zhao et al.: M2Det: A Single-Shot Object Detector based on Multi-Level Feature Pyramid Network, AAAI 2019',
  shapes:
    '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_scales levels [N, H/s, W/s, planes * num_levels]',
  example: "{ type: 'SFAM', planes: 64, num_levels: 4, num_scales: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer,
  build: (o, { inputs }) => new SFAM(o as Options, inputs),
});
