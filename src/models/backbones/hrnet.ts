// HRNet (Sun et al., CVPR 2019; Wang et al., TPAMI 2020): up to four parallel resolutions with repeated
// multi-scale fusion. As in MMDetection, zero_init_residual is accepted and without effect.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { kaiming } from '../../nn/initializers';
import { buildNorm, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';
import type { Backbone, FeatureSpec } from '../types';
import { ConvNormSequence } from './conv-norm-sequence';
import { buildBranch, HighResolutionModule, HR_BLOCKS } from './high-resolution-module';
import { pretrainedOption, readPretrained, withCp } from './residual-options';

const stage = z.strictObject({
  num_modules: z.int().positive().describe('Modules in a row'),
  num_branches: z.int().positive().describe('Resolutions'),
  block: z.enum(['BASIC', 'BOTTLENECK']).describe('Kind of residual block'),
  num_blocks: z.array(z.int().positive()).describe('Blocks per resolution and module'),
  num_channels: z.array(z.int().positive()).describe('Planes per resolution'),
});

const options = z.strictObject({
  extra: z
    .strictObject({
      stage1: stage.describe('One resolution'),
      stage2: stage.describe('Two resolutions'),
      stage3: stage.describe('Three resolutions'),
      stage4: stage.describe('Four resolutions'),
    })
    .describe('The four stages'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation type'),
  norm_eval: z
    .boolean()
    .default(true)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  with_cp: withCp,
  zero_init_residual: ignoredOption('as in MMDetection, norms start from one', { schema: z.boolean().default(false) }),
  multiscale_output: z.boolean().default(true).describe('All resolutions come out, or only the finest'),
  pretrained: pretrainedOption,
  init_cfg: initCfg
    .nullable()
    .default(null)
    .describe('Weight initialisation; null: Kaiming for convolutions, constant for norms'),
});
export type HRNetOptions = z.output<typeof options>;

type Transition = Sequential<ConvNormSequence> | ConvNormSequence;

/**
 * @example new HRNet(hrnet.options.parse({ extra })).forward(images) // strides 4, 8, 16, 32
 */
export class HRNet extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly stem: [Conv2d, Norm][] = [];
  private readonly layer1: ReturnType<typeof buildBranch>;
  private readonly transitions: Map<number, Transition>[] = [];
  private readonly stages: ModuleList<HighResolutionModule>[] = [];

  constructor(private readonly options: HRNetOptions) {
    super();
    const { extra, in_channels, conv_cfg, norm_cfg, multiscale_output } = options;
    const layers = { convCfg: conv_cfg, normCfg: norm_cfg };
    for (const [i, inChannels] of [in_channels, 64].entries()) {
      const sizes = { inChannels, outChannels: 64, kernelSize: 3, stride: 2, padding: 1 };
      const conv = this.addChild(`conv${i + 1}`, buildConv(conv_cfg, { ...sizes, bias: false, init: kaiming() }));
      const { name, norm } = buildNorm(norm_cfg, 64);
      this.stem.push([conv, this.addChild(`${name}${i + 1}`, norm)]);
    }
    const { block, num_blocks, num_channels } = extra.stage1;
    this.layer1 = this.addChild('layer1', buildBranch(block, num_blocks[0], 64, num_channels[0], layers));
    let channels = [num_channels[0] * HR_BLOCKS[block].expansion];
    for (const [i, one] of [extra.stage2, extra.stage3, extra.stage4].entries()) {
      const next = one.num_channels.map((c) => c * HR_BLOCKS[one.block].expansion);
      this.transitions.push(this.addTransition(i + 1, channels, next));
      const modules = new ModuleList<HighResolutionModule>();
      for (let k = 0; k < one.num_modules; k++)
        modules.push(
          new HighResolutionModule({
            block: one.block,
            numBlocks: one.num_blocks,
            inChannels: next,
            planes: one.num_channels,
            multiscale: i < 2 || multiscale_output || k < one.num_modules - 1,
            ...layers,
          }),
        );
      this.stages.push(this.addChild(`stage${i + 2}`, modules));
      channels = next;
    }
    const levels = multiscale_output || channels.length === 1 ? channels : channels.slice(0, 1);
    this.outputs = levels.map((count, i) => ({ channels: count, stride: 4 << i }));
    applyInitCfg(this, options.init_cfg);
  }

  /** What brings the resolutions of one stage to the channels of the next, and makes new ones of the coarsest. */
  private addTransition(index: number, from: number[], to: number[]): Map<number, Transition> {
    const layers = { convCfg: this.options.conv_cfg, normCfg: this.options.norm_cfg };
    const found = new Map<number, Transition>();
    for (const [i, outChannels] of to.entries()) {
      const name = `transition${index}.${i}`;
      if (i < from.length) {
        if (outChannels === from[i]) continue;
        const same = { inChannels: from[i], outChannels, kernelSize: 3 as const, relu: true, ...layers };
        found.set(i, this.addChild(name, new ConvNormSequence(same)));
        continue;
      }
      const inChannels = from[from.length - 1];
      const steps = Array.from({ length: i + 1 - from.length }, (_, j) => {
        const sizes = { inChannels, outChannels: j === i - from.length ? outChannels : inChannels, stride: 2 };
        return new ConvNormSequence({ ...sizes, kernelSize: 3, relu: true, ...layers });
      });
      found.set(i, this.addChild(name, new Sequential(steps)));
    }
    return found;
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> one map per resolution, strides 4, 8, 16, 32. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = x;
      for (const [conv, norm] of this.stem) y = convNorm(conv, norm, y, { activation: 'relu' });
      let maps = [this.layer1.forward(y)];
      const { stage2, stage3, stage4 } = this.options.extra;
      for (const [k, { num_branches }] of [stage2, stage3, stage4].entries()) {
        const coarsest = maps[maps.length - 1];
        const inputs = Array.from(
          { length: num_branches },
          (_, i) => this.transitions[k].get(i)?.forward(coarsest) ?? maps[i],
        );
        maps = inputs;
        for (const module of this.stages[k]) maps = module.forward(maps);
      }
      return maps;
    });
  }
}

export const hrnet = defineModule({
  kind: 'backbone',
  type: 'HRNet',
  summary: 'High-resolution network: up to four parallel resolutions with repeated fusion.',
  paper: 'Sun, Xiao, Liu and Wang: Deep High-Resolution Representation Learning, CVPR 2019',
  shapes:
    '[N, H, W, 3] -> [N, H/4, W/4, w], [N, H/8, W/8, 2w], [N, H/16, W/16, 4w], [N, H/32, W/32, 8w]; w 18, 32 or 40',
  example: `{ type: 'HRNet', extra: {
    stage1: { num_modules: 1, num_branches: 1, block: 'BOTTLENECK', num_blocks: [4], num_channels: [64] },
    stage2: { num_modules: 1, num_branches: 2, block: 'BASIC', num_blocks: [4, 4], num_channels: [32, 64] },
    stage3: { num_modules: 4, num_branches: 3, block: 'BASIC', num_blocks: [4, 4, 4], num_channels: [32, 64, 128] },
    stage4: { num_modules: 3, num_branches: 4, block: 'BASIC', num_blocks: [4, 4, 4, 4], num_channels: [32, 64, 128, 256] },
  } }`,
  options,
  infer(given, { path }) {
    const o = readPretrained('HRNet', given);
    for (const [name, { num_branches, num_blocks, num_channels }] of Object.entries(o.extra))
      if (num_blocks.length !== num_branches || num_channels.length !== num_branches)
        throw new DetLabError(
          `Cannot build backbone "HRNet"${path ? ` at ${path}` : ''}: extra.${name} has ${num_branches} branches, ` +
            `but ${num_blocks.length} num_blocks and ${num_channels.length} num_channels`,
        );
    return o;
  },
  build: (o) => new HRNet(o),
});
