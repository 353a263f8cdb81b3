// ResLayer: a ResNet stage on the pooled RoIs, before the heads (the C4 models).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  applyInitCfg,
  type ConvCfg,
  initCfg,
  ModulatedDeformConv2dPack,
  Module,
  normCfg,
  Sequential,
} from '../../../nn';
import { evaluateNorms } from '../../../nn/evaluate-norms';
import { BasicBlock } from '../../backbones/basic-block';
import { Bottleneck } from '../../backbones/bottleneck';
import { Downsample } from '../../backbones/downsample';
import { dcnOption } from '../../backbones/residual-options';
import type { FeatureSpec } from '../../types';
import type { SharedHead } from '../types';

const STAGES = {
  18: { Block: BasicBlock, blocks: [2, 2, 2, 2] },
  34: { Block: BasicBlock, blocks: [3, 4, 6, 3] },
  50: { Block: Bottleneck, blocks: [3, 4, 6, 3] },
  101: { Block: Bottleneck, blocks: [3, 4, 23, 3] },
  152: { Block: Bottleneck, blocks: [3, 8, 36, 3] },
} as const;

const options = z.strictObject({
  depth: z
    .union([z.literal(18), z.literal(34), z.literal(50), z.literal(101), z.literal(152)])
    .describe('Depth of the whole network, as in ResNet-50'),
  stage: z.number().int().min(1).max(3).default(3).describe('Index of the stage, from 0'),
  stride: z.number().int().positive().default(2).describe('Stride of the first block'),
  dilation: z.number().int().positive().default(1).describe('Dilation of the 3x3 convolutions'),
  style: z.enum(['pytorch', 'caffe']).default('pytorch').describe('Stride on the 3x3 (pytorch) or the first 1x1'),
  norm_cfg: normCfg.prefault({ type: 'BN', requires_grad: true }).describe('Norm after every convolution'),
  norm_eval: z.boolean().default(true).describe('Keep batch norms in evaluation mode during training'),
  with_cp: ignoredOption('activations are kept for the backward pass', { schema: z.boolean().default(false) }),
  dcn: dcnOption.nullish().describe('Deformable convolution in place of the 3x3 of its bottlenecks'),
  pretrained: z.string().nullish().describe('Checkpoint to start from (older name of init_cfg Pretrained)'),
  init_cfg: initCfg.nullish().describe('Weight initialisation; Kaiming when absent'),
});

export class ResLayer extends Module implements SharedHead {
  readonly output: FeatureSpec;
  private readonly layer: Sequential<BasicBlock | Bottleneck>;

  constructor(
    private readonly config: z.output<typeof options>,
    { inputs, path }: BuildContext,
  ) {
    super();
    const { depth, stage, stride, dilation, style, norm_cfg: normCfg, dcn } = config;
    const { Block, blocks } = STAGES[depth];
    if (dcn && Block === BasicBlock)
      throw new DetLabError(`Cannot build ResLayer at ${path}: dcn needs bottlenecks: expected a depth of 50 or more`);
    const deformable: ConvCfg | null = dcn
      ? { type: dcn.type, deform_groups: dcn.deformable_groups ?? dcn.deform_groups }
      : null;
    const planes = 64 * 2 ** stage;
    const outChannels = planes * Block.expansion;
    let inPlanes = 64 * 2 ** (stage - 1) * Block.expansion;
    if (inputs && inputs[0].channels !== inPlanes)
      throw new DetLabError(
        `Cannot attach ResLayer at ${path}: stage ${stage} of depth ${depth} reads ${inPlanes} channels, but RoIs are ` +
          `pooled with ${inputs[0].channels}`,
      );
    this.layer = new Sequential<BasicBlock | Bottleneck>();
    for (let i = 0; i < blocks[stage]; i++) {
      const first = i === 0 ? stride : 1;
      const shortcut = { inChannels: inPlanes, outChannels, stride: first, avgDown: false, normCfg };
      const downsample = first !== 1 || inPlanes !== outChannels ? new Downsample(shortcut) : undefined;
      const middleCfg = i === 0 && dcn?.fallback_on_stride ? null : deformable;
      this.layer.push(
        new Block({
          inPlanes,
          planes,
          stride: first,
          dilation,
          style,
          normCfg,
          middleCfg,
          downsample,
          zeroInit: false,
        }),
      );
      inPlanes = outChannels;
    }
    this.addChild(`layer${stage + 1}`, this.layer);
    const [h, w] = inputs?.[0].size ?? [14, 14];
    this.output = { channels: outChannels, stride: 1, size: [Math.ceil(h / stride), Math.ceil(w / stride)] };
    applyInitCfg(
      this,
      config.init_cfg ?? [
        { type: 'Kaiming', layer: 'Conv2d' },
        { type: 'Constant', val: 1, layer: ['_BatchNorm', 'GroupNorm'] },
      ],
    );
    for (const [, part] of this.modules()) if (part instanceof ModulatedDeformConv2dPack) part.startAtGrid();
  }

  override train(mode = true): this {
    super.train(mode);
    if (mode && this.config.norm_eval) evaluateNorms(this);
    return this;
  }

  /** Pooled RoIs [K, h, w, C] -> [K, h / stride, w / stride, C']. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.layer.forward(x);
  }
}

export const resLayerDefinition = defineModule({
  kind: 'shared_head',
  type: 'ResLayer',
  summary: 'A ResNet stage on the pooled RoIs',
  paper: 'He et al., Deep Residual Learning for Image Recognition, CVPR 2016',
  shapes: 'pooled RoIs [K, h, w, 1024] -> [K, h / 2, w / 2, 2048]',
  example: "{ type: 'ResLayer', depth: 50, stage: 3, stride: 2, style: 'caffe', norm_eval: true }",
  options,
  build: (given, context) => new ResLayer(given, context),
});
