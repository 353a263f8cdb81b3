// SPP, ASPP and RFB as necks: blocks that widen the receptive field of a level, by default the coarsest. In a sequence they come
// before a pyramid: `neck: [{ type: 'ASPP', out_channels: 256 }, { type: 'PAFPN', ... }]`.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { actCfg, type NormCfg, normCfg } from '../../nn/layer-options';
import { AtrousPyramid } from '../layers/atrous-pyramid';
import { RFB } from '../layers/rfb';
import { SPPBottleneck } from '../layers/spp-bottleneck';
import { blockChannelsOption, inferLevelBlocks, LevelBlocks, levelBlockOptions } from './level-blocks';

const blockOptions = { ...levelBlockOptions, out_channels: blockChannelsOption };
const normOption = (norm: z.output<typeof normCfg>) => normCfg.nullable().default(norm).describe('Norm');
const batchNorm = { type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 } as const satisfies NormCfg;
const shapes = '[N, H/s, W/s, in_channels[i]] for each level -> the same, levels with a block with out_channels';
const inferred = { in_channels: 'the channels of the levels before it', levels: 'the coarsest' };

export const spp = defineModule({
  kind: 'neck',
  type: 'SPP',
  summary: 'Spatial pyramid pooling: max poolings of several sizes beside the map, between two 1x1 convolutions.',
  paper: 'He, Zhang, Ren and Sun: Spatial Pyramid Pooling in Deep Convolutional Networks, ECCV 2014; YOLOv3-SPP',
  shapes,
  example: "{ type: 'SPP' }",
  options: z.strictObject({
    ...blockOptions,
    kernel_sizes: z.array(z.int().positive()).min(1).default([5, 9, 13]).describe('Kernel sizes; odd numbers'),
    norm_cfg: normOption({ ...batchNorm, eps: 0.001, momentum: 0.03 }),
    act_cfg: actCfg.nullable().default({ type: 'Swish' }).describe('Activation'),
  }),
  inferred,
  infer: (o, context) => inferLevelBlocks('SPP', o, context, 'last'),
  build: (o, { inputs }) =>
    new LevelBlocks({ ...o, in_channels: o.in_channels!, levels: o.levels! }, inputs, (inChannels, outChannels) => {
      const { kernel_sizes: kernelSizes, norm_cfg, act_cfg } = o;
      return new SPPBottleneck({ inChannels, outChannels, kernelSizes, normCfg: norm_cfg, actCfg: act_cfg });
    }),
});

export const aspp = defineModule({
  kind: 'neck',
  type: 'ASPP',
  summary: 'Atrous spatial pyramid pooling: dilated convolutions and the mean of the map side by side.',
  paper: 'Chen, Papandreou, Schroff and Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017',
  shapes,
  example: "{ type: 'ASPP', out_channels: 256 }",
  options: z.strictObject({
    ...blockOptions,
    dilations: z
      .array(z.int().positive())
      .min(1)
      .default([1, 6, 12, 18])
      .describe('Dilation of each branch; 1: a 1x1 convolution'),
    mid_channels: z.int().positive().optional().describe("Channels of each branch; the output's when left out"),
    global_pooling: z.boolean().default(true).describe('With the mean of the map as a branch'),
    norm_cfg: normOption(batchNorm),
    act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation'),
  }),
  inferred,
  infer: (o, context) => inferLevelBlocks('ASPP', o, context, 'last'),
  build: (o, { inputs }) =>
    new LevelBlocks({ ...o, in_channels: o.in_channels!, levels: o.levels! }, inputs, (inChannels, outChannels) => {
      const { dilations, mid_channels: midChannels, global_pooling: globalPooling, norm_cfg, act_cfg } = o;
      const layers = { normCfg: norm_cfg, actCfg: act_cfg };
      return new AtrousPyramid({ inChannels, outChannels, dilations, midChannels, globalPooling, ...layers });
    }),
});

export const rfb = defineModule({
  kind: 'neck',
  type: 'RFB',
  summary: 'Receptive field block: branches of growing kernels and dilations, and a shortcut.',
  paper: 'Liu, Huang and Wang: Receptive Field Block Net for Accurate and Fast Object Detection, ECCV 2018',
  shapes,
  example: "{ type: 'RFB' }",
  options: z.strictObject({
    ...blockOptions,
    scale: z.number().default(0.1).describe('Factor on the branches before the shortcut is added'),
    visual: z
      .int()
      .positive()
      .default(1)
      .describe('Dilation of the first branch; the others have visual + 1 and 2 visual + 1'),
    reduction: z.int().positive().default(8).describe('Channels that enter over those inside the branches'),
    norm_cfg: normOption({ ...batchNorm, momentum: 0.01 }),
  }),
  inferred,
  infer: (o, context) => inferLevelBlocks('RFB', o, context, 'last'),
  build: (o, { inputs }) =>
    new LevelBlocks({ ...o, in_channels: o.in_channels!, levels: o.levels! }, inputs, (inChannels, outChannels) => {
      const { scale, visual, reduction, norm_cfg } = o;
      return new RFB({ inChannels, outChannels, scale, visual, reduction, normCfg: norm_cfg });
    }),
});
