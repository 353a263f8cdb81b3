// CSPNeXt (Lyu et al., RTMDet, 2022): CSPDarknet with large depthwise kernels in its blocks, channel attention after them
// and a stem of three convolutions.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { stagePluginsOption } from '../layers/block-plugins';
import { scaled } from '../shared-options/scale-model';
import { activationOption, buildCSPStages, cspOptions, poolSizes } from './csp-options';
import { checkStageIndices, StagedNetwork, type StageSetting } from './staged-network';

const SETTINGS: Record<'P5' | 'P6', StageSetting[]> = {
  P5: [
    [64, 128, 3, true, false],
    [128, 256, 6, true, false],
    [256, 512, 6, true, false],
    [512, 1024, 3, false, true],
  ],
  P6: [
    [64, 128, 3, true, false],
    [128, 256, 6, true, false],
    [256, 512, 6, true, false],
    [512, 768, 3, true, false],
    [768, 1024, 3, false, true],
  ],
};

const options = z.strictObject({
  ...cspOptions,
  expand_ratio: z.number().positive().default(0.5).describe('Channels of each half of a CSP layer over the output'),
  input_channels: z.literal(3).default(3).describe('Only 3 (MMYOLO)'),
  plugins: stagePluginsOption.describe('Attention modules at the end of stages (MMYOLO)'),
  spp_kernel_sizes: poolSizes,
  channel_attention: z.boolean().default(true).describe('Channel attention after the blocks of a stage'),
  act_cfg: activationOption('SiLU'),
});
export type CSPNeXtOptions = z.output<typeof options>;

const settingsOf = (o: CSPNeXtOptions) => o.arch_ovewrite ?? SETTINGS[o.arch];

/**
 * @example new CSPNeXt(cspNeXt.options.parse({ deepen_factor: 0.33, widen_factor: 0.5 })).forward(images)
 */
export class CSPNeXt extends StagedNetwork {
  constructor(o: CSPNeXtOptions) {
    const settings = settingsOf(o);
    const layers = { convCfg: o.conv_cfg, normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const first = scaled(settings[0][0], o.widen_factor);
    const half = Math.floor((settings[0][0] * o.widen_factor) / 2);
    // the reference gives the stem no conv_cfg
    const stem = (inChannels: number, outChannels: number, stride: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 3, stride, padding: 1, ...layers, convCfg: null });
    super(
      o,
      new Sequential([stem(3, half, 2), stem(half, half, 1), stem(half, first, 1)]),
      buildCSPStages(settings, o, o.spp_kernel_sizes, layers, {
        useCSPNeXtBlock: true,
        expandRatio: o.expand_ratio,
        channelAttention: o.channel_attention,
      }),
      [first, ...settings.map(([, out]) => scaled(out, o.widen_factor))],
    );
    applyInitCfg(this, o.init_cfg);
    this.freezeStages();
  }
}

export const cspNeXt = defineModule({
  kind: 'backbone',
  type: 'CSPNeXt',
  summary: 'Cross stage partial network with 5x5 depthwise convolutions, the backbone of RTMDet.',
  paper:
    'Lyu, Zhang, Huang, Zhou, Wang, Liu, Zhang and Chen: RTMDet: An Empirical Study of Real-Time Object Detectors, 2022',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256 w], [N, H/16, W/16, 512 w], [N, H/32, W/32, 1024 w]; w is widen_factor',
  example: "{ type: 'CSPNeXt', deepen_factor: 0.33, widen_factor: 0.5 }",
  options,
  infer(o, { path }) {
    checkStageIndices('CSPNeXt', o, settingsOf(o).length, path);
    return o;
  },
  build: (o) => new CSPNeXt(o),
});

export const mmyoloCSPNeXt = defineModule({
  ...cspNeXt,
  type: 'mmyolo.CSPNeXt',
  summary: "MMYOLO's CSPNeXt: the same, but for the norm where none is given.",
  example: "{ type: 'mmyolo.CSPNeXt', deepen_factor: 0.33, widen_factor: 0.5 }",
  options: z.strictObject({
    ...options.shape,
    norm_cfg: normCfg
      .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
      .describe('Normalisation type'),
  }),
});
