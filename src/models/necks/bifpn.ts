// BiFPN (Tan et al., EfficientDet, CVPR 2020): a top-down and a bottom-up path with an edge from each level's own map to both,
// several times over. What meets is summed with weights that are learned, positive and normalised, and goes through a depthwise
// separable convolution. Options and checkpoint names are those of the EfficientDet project of MMDetection, which takes three levels
// to five; here any numbers. As in the authors' code and unlike the project, maps are padded with -infinity where they are pooled,
// and repeated to the size of the finer level whatever it is.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { convNorm } from '../../nn/conv-norm';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { ones } from '../../nn/initializers';
import { buildNorm, normCfg } from '../../nn/layer-options';
import { Module, type Parameter } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { activate } from '../../ops/activate';
import { maxPool2d } from '../../ops/max-pool2d';
import { resizeNearest } from '../../ops/resize-nearest';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { levelStrides } from './infer-scaled-channels';

const options = z.strictObject({
  num_stages: z.int().positive().describe('How often the two paths are repeated'),
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().describe('Channels of every output level'),
  num_outs: z.int().min(2).default(5).describe('Output levels; those beyond the backbone are pooled'),
  start_level: z.int().min(0).default(0).describe('First backbone level used'),
  epsilon: z.number().positive().default(1e-4).describe('Added to the sum of the weights of a node'),
  apply_bn_for_resampling: z.boolean().default(true).describe('Norms after the convolutions'),
  conv_bn_act_pattern: z
    .boolean()
    .default(false)
    .describe('Activation after each norm instead of before a convolution'),
  norm_cfg: normCfg.default({ type: 'BN', requires_grad: true, momentum: 0.01, eps: 0.001 }).describe('Norm'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: PyTorch's own start"),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/** Convolutions of which the last has the norm and, by the pattern, the activation. */
class ConvBlock extends Module {
  private readonly convs: Conv2d[];
  private readonly norm?: ReturnType<typeof buildNorm>['norm'];

  constructor(
    convs: Record<string, ConstructorParameters<typeof Conv2d>[0]>,
    private readonly o: Options,
  ) {
    super();
    this.convs = Object.entries(convs).map(([name, config]) => this.addChild(name, new Conv2d(config)));
    if (o.apply_bn_for_resampling) this.norm = this.addChild('bn', buildNorm(o.norm_cfg, o.out_channels).norm);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [last, ...before] = [...this.convs].reverse();
    const entering = before.reduceRight((y, conv) => conv.forward(y), x);
    return convNorm(last, this.norm, entering, this.o.conv_bn_act_pattern ? { activation: 'silu' } : {});
  }
}

const pointwise = (inChannels: number, o: Options) =>
  new ConvBlock({ down_conv: { inChannels, outChannels: o.out_channels, kernelSize: 1 } }, o);

function separable(o: Options): ConvBlock {
  const same = { inChannels: o.out_channels, outChannels: o.out_channels };
  const depthwise = { ...same, kernelSize: 3, padding: 1, groups: o.out_channels, bias: false };
  return new ConvBlock({ depthwise_conv: depthwise, pointwise_conv: { ...same, kernelSize: 1 } }, o);
}

/** A 3x3 pooling to half the size, rounded up; of an even size the last window is cut. */
const halved = (x: tf.Tensor4D): tf.Tensor4D =>
  maxPool2d(x, { size: [3, 3], strides: [2, 2], padding: [x.shape[1] % 2, x.shape[2] % 2], ceilMode: true });

/** Both paths once; the first reads the levels of the backbone. Levels are called p3, p4, ... */
class Stage extends Module {
  private readonly weights = new Map<string, Parameter>();
  private readonly fusing = new Map<string, ConvBlock>();
  private readonly entering: ConvBlock[] = [];
  private readonly again: (ConvBlock | undefined)[] = [];
  private readonly extra?: Sequential<ConvBlock>;

  constructor(
    private readonly o: Options,
    isFirst: boolean,
  ) {
    super();
    const channels = o.in_channels.slice(o.start_level);
    const top = o.num_outs + 2;
    const own = channels.map((_, i) => i + 3);
    const [finest, coarsest] = [own[0], own[own.length - 1]];
    const levels = Array.from({ length: o.num_outs }, (_, i) => i + 3);
    const down = levels.slice(0, -1).reverse();
    const weight = (name: string, count: number) => this.weights.set(name, this.addParameter(name, [count], ones));
    for (const level of down) weight(`p${level}_w1`, 2);
    for (const level of levels.slice(1)) weight(`p${level}_w2`, level === top ? 2 : 3);
    if (isFirst) {
      for (const level of [...own].reverse())
        this.entering[level] = this.addChild(`p${level}_down_channel`, pointwise(channels[level - 3], o));
      if (top > coarsest) {
        const extra = new Sequential([pointwise(channels[channels.length - 1], o)]);
        this.extra = this.addChild(`p${coarsest}_to_p${coarsest + 1}`, extra);
      }
      for (const level of own.filter((l) => l > finest && l < top))
        this.again[level] = this.addChild(`p${level}_level_connection`, pointwise(channels[level - 3], o));
    }
    for (const level of down) this.addFusing(`conv${level}_up`);
    for (const level of levels.slice(1)) this.addFusing(`conv${level}_down`);
  }

  private addFusing(name: string): void {
    this.fusing.set(name, this.addChild(name, separable(this.o)));
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    const raw = this.entering.length > 0 ? inputs : undefined;
    const maps = raw ? this.enter(raw) : inputs;
    const up = [...maps];
    for (let i = maps.length - 2; i >= 0; i--) {
      const [, height, width] = maps[i].shape;
      const coarser = resizeNearest(up[i + 1], [height, width]);
      up[i] = this.fuse(`p${i + 3}_w1`, `conv${i + 3}_up`, [maps[i], coarser]);
    }
    const outs = [up[0]];
    for (let i = 1; i < maps.length; i++) {
      const own = raw && this.again[i + 3] ? this.again[i + 3]!.forward(raw[i]) : maps[i];
      const middle = i < maps.length - 1 ? [up[i]] : [];
      outs.push(this.fuse(`p${i + 3}_w2`, `conv${i + 3}_down`, [own, ...middle, halved(outs[i - 1])]));
    }
    return outs;
  }

  /** The levels in the neck's channels, and those beyond. */
  private enter(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    const maps = inputs.map((x, i) => this.entering[i + 3].forward(x));
    while (maps.length < this.o.num_outs) {
      const first = maps.length === inputs.length;
      maps.push(halved(first ? this.extra!.forward(inputs[inputs.length - 1]) : maps[maps.length - 1]));
    }
    return maps;
  }

  private fuse(weights: string, conv: string, maps: tf.Tensor4D[]): tf.Tensor4D {
    const positive = tf.relu(this.weights.get(weights)!.variable);
    const shares = tf.split(tf.div(positive, tf.add(tf.sum(positive), this.o.epsilon)), maps.length);
    const sum = tf.addN(maps.map((map, i) => tf.mul<tf.Tensor4D>(map, shares[i])));
    return this.fusing.get(conv)!.forward(this.o.conv_bn_act_pattern ? sum : activate(sum, 'silu'));
  }
}

/**
 * @example new BiFPN({ ...bifpn.options.parse({ num_stages: 3, out_channels: 64 }), in_channels: [40, 112, 320] }).forward(levels)
 */
export class BiFPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly stages: Stage[];

  constructor(
    private readonly o: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { start_level: start, num_outs, out_channels: channels } = o;
    const strides = levelStrides(o.in_channels.length, inputs).slice(start);
    while (strides.length < num_outs) strides.push(2 * strides[strides.length - 1]);
    this.outputs = strides.map((stride) => ({ channels, stride }));
    this.stages = Array.from({ length: o.num_stages }, (_, i) => this.addChild(`bifpn.${i}`, new Stage(o, i === 0)));
    applyInitCfg(this, o.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => this.stages.reduce((maps, stage) => stage.forward(maps), inputs.slice(this.o.start_level)));
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): Options {
  const o = inferInChannels('BiFPN', given, context);
  const used = o.in_channels.length - o.start_level;
  if (used < 1 || used > o.num_outs)
    throw new DetLabError(
      `Cannot build neck "BiFPN"${context.path ? ` at ${context.path}` : ''}: expected 1 to ${o.num_outs} levels (num_outs) ` +
        `from start_level ${o.start_level} on, received ${Math.max(used, 0)} of ${o.in_channels.length}`,
    );
  return o;
}

export const bifpn = defineModule({
  kind: 'neck',
  type: 'BiFPN',
  summary: 'Top-down and bottom-up paths with learned weights, depthwise separable, num_stages times over.',
  paper: 'Tan, Pang and Le: EfficientDet: Scalable and Efficient Object Detection, CVPR 2020',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'BiFPN', num_stages: 3, out_channels: 64, start_level: 1 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer,
  build: (o, { inputs }) => new BiFPN(o as Options, inputs),
});
