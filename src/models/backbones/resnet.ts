// ResNet (He et al., CVPR 2016), with MMDetection's options, parameter names, freezing and initialisation.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { defineModule } from '../../registry';
import type { Backbone, FeatureSpec } from '../types';
import { BasicBlock } from './basic-block';
import { Bottleneck } from './bottleneck';
import { Downsample } from './downsample';
import { buildStem, type Stem } from './stem';

const ARCHITECTURES = {
  18: { Block: BasicBlock, blocks: [2, 2, 2, 2] },
  34: { Block: BasicBlock, blocks: [3, 4, 6, 3] },
  50: { Block: Bottleneck, blocks: [3, 4, 6, 3] },
  101: { Block: Bottleneck, blocks: [3, 4, 23, 3] },
  152: { Block: Bottleneck, blocks: [3, 8, 36, 3] },
} as const;

const perStage = (meaning: string, standard: number[]) =>
  z.array(z.int().positive()).min(1).max(4).default(standard).describe(meaning);

/** What MMDetection offers and this ResNet does not; accepted while off, so that its configs load unchanged. */
const off = (meaning: string) =>
  z
    .null({ error: `${meaning} is not offered by this ResNet: leave it out or null` })
    .optional()
    .describe(`${meaning}: not offered, must be null`);

const options = z.strictObject({
  depth: z
    .union([z.literal(18), z.literal(34), z.literal(50), z.literal(101), z.literal(152)], {
      error: 'expected a depth of 18, 34, 50, 101 or 152',
    })
    .describe('Number of layers: 18, 34, 50, 101 or 152'),
  in_channels: z.int().positive().default(3).describe('Channels of the image'),
  stem_channels: z.int().positive().nullable().default(null).describe('Channels of the stem; null: base_channels'),
  base_channels: z.int().positive().default(64).describe('Channels of the first stage, doubled at each next one'),
  num_stages: z.int().min(1).max(4).default(4).describe('Number of stages'),
  strides: perStage('Stride of the first block of each stage', [1, 2, 2, 2]),
  dilations: perStage('Dilation of the 3x3 convolutions of each stage', [1, 1, 1, 1]),
  out_indices: z.array(z.int().min(0).max(3)).min(1).default([0, 1, 2, 3]).describe('Stages whose output is returned'),
  style: z
    .enum(['pytorch', 'caffe'])
    .default('pytorch')
    .describe('Bottleneck stride on the 3x3 (pytorch) or the first 1x1'),
  deep_stem: z.boolean().default(false).describe('Three 3x3 convolutions instead of one 7x7'),
  avg_down: z.boolean().default(false).describe('Average pooling in the shortcut instead of a stride'),
  frozen_stages: z
    .int()
    .min(-1)
    .max(4)
    .default(-1)
    .describe('Freezes the stem (0) and the first n stages; -1: nothing'),
  conv_cfg: convCfg.nullable().default(null).describe('Kind of convolution'),
  norm_cfg: normCfg.default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Kind of norm'),
  norm_eval: z.boolean().default(true).describe('Batch norms use their running statistics in training too'),
  dcn: off('Deformable convolution'),
  stage_with_dcn: z.array(z.literal(false)).optional().describe('Stages with deformable convolution: none offered'),
  plugins: off('Plugins in the blocks'),
  with_cp: z.boolean().default(false).describe('Gradient checkpointing; accepted and without effect on the result'),
  zero_init_residual: z.boolean().default(true).describe('The last norm of each block starts from zero'),
  pretrained: off('Former name of init_cfg'),
  init_cfg: initCfg.nullable().default(null).describe('Where the weights start from; null: kaiming and constant'),
});
export type ResNetOptions = z.output<typeof options>;

/**
 * @example new ResNet(resnet.options.parse({ depth: 50 })).forward(images) // strides 4, 8, 16, 32
 */
export class ResNet extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly stem: Stem;
  private readonly stages: Sequential<BasicBlock | Bottleneck>[] = [];

  constructor(private readonly options: ResNetOptions) {
    super();
    const { depth, base_channels, num_stages, strides, dilations, norm_cfg } = options;
    const { Block, blocks } = ARCHITECTURES[depth];
    const stemChannels = options.stem_channels ?? base_channels;
    this.stem = buildStem(options.in_channels, stemChannels, options.deep_stem, norm_cfg);
    for (const [name, module] of this.stem.modules) this.addChild(name, module);
    let inPlanes = stemChannels;
    let total = 4;
    for (let stage = 0; stage < num_stages; stage++) {
      const planes = base_channels * 2 ** stage;
      const outChannels = planes * Block.expansion;
      total *= strides[stage];
      const list = new Sequential<BasicBlock | Bottleneck>();
      for (let i = 0; i < blocks[stage]; i++) {
        const stride = i === 0 ? strides[stage] : 1;
        const shortcut = { inChannels: inPlanes, outChannels, stride, avgDown: options.avg_down, normCfg: norm_cfg };
        list.push(
          new Block({
            inPlanes,
            planes,
            stride,
            dilation: dilations[stage],
            style: options.style,
            normCfg: norm_cfg,
            downsample: stride !== 1 || inPlanes !== outChannels ? new Downsample(shortcut) : undefined,
            zeroInit: options.zero_init_residual && options.init_cfg === null,
          }),
        );
        inPlanes = outChannels;
      }
      this.stages.push(this.addChild(`layer${stage + 1}`, list));
      if (options.out_indices.includes(stage)) this.outputs.push({ channels: outChannels, stride: total });
    }
    applyInitCfg(this, options.init_cfg);
    this.freezeStages();
  }

  private freezeStages(): void {
    const { frozen_stages } = this.options;
    if (frozen_stages >= 0) for (const [, module] of this.stem.modules) module.freeze();
    for (const stage of this.stages.slice(0, Math.max(frozen_stages, 0))) stage.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval)
      for (const [, module] of this.modules()) if (module instanceof BatchNorm2d) module.eval();
    return this;
  }

  /** [N, H, W, 3] -> the outputs of the stages `out_indices`, finest first. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = this.stem.forward(x);
      const outputs: tf.Tensor4D[] = [];
      for (const [i, stage] of this.stages.entries()) {
        y = stage.forward(y);
        if (this.options.out_indices.includes(i)) outputs.push(y);
      }
      return outputs;
    });
  }
}

export const resnet = defineModule({
  kind: 'backbone',
  type: 'ResNet',
  summary: 'Residual network of 18 to 152 layers; one feature level per stage.',
  paper: 'He, Zhang, Ren and Sun: Deep Residual Learning for Image Recognition, CVPR 2016',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 256], [N, H/8, W/8, 512], ... (64, 128, ... channels for depths 18 and 34)',
  example: "{ type: 'ResNet', depth: 50, frozen_stages: 1, norm_eval: true }",
  options,
  infer(o, { path }) {
    const fail = (what: string) => {
      throw new DetLabError(`Cannot build backbone "ResNet"${path ? ` at ${path}` : ''}: ${what}`);
    };
    const stages = o.num_stages;
    // more strides than stages would be silently unused; the defaults are cut to size
    const isDefault = (given: number[], standard: number[]) => given.join() === standard.join();
    const strides = isDefault(o.strides, [1, 2, 2, 2]) ? o.strides.slice(0, stages) : o.strides;
    const dilations = isDefault(o.dilations, [1, 1, 1, 1]) ? o.dilations.slice(0, stages) : o.dilations;
    if (strides.length !== stages || dilations.length !== stages)
      fail(`expected ${stages} strides and dilations (num_stages), received ${strides.length} and ${dilations.length}`);
    const beyond = o.out_indices.find((i) => i >= stages);
    if (beyond !== undefined)
      fail(`out_indices names stage ${beyond}, but num_stages is ${stages} (0 to ${stages - 1})`);
    if (o.frozen_stages > stages) fail(`frozen_stages is ${o.frozen_stages}, but num_stages is ${stages}`);
    return { ...o, strides, dilations };
  },
  build: (o) => new ResNet(o),
});
