// What CSPDarknet and CSPNeXt have in common: scaling by depth and width, options, and the stages.

import { z } from 'zod';
import { roundHalfEven } from '../../geometry/round-half-even';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { initCfg } from '../../nn/init-cfg';
import { type ActCfg, actCfg, type ConvCfg, convCfg, type NormCfg, normCfg } from '../../nn/layer-options';
import { CSPLayer, type CSPLayerConfig } from '../layers/csp-layer';
import { SPPBottleneck } from '../layers/spp-bottleneck';
import { scaled } from '../shared-options/scale-model';
import { type Part, type StageSetting, stageSetting } from './staged-network';

export const cspOptions = {
  arch: z.enum(['P5', 'P6']).default('P5').describe('Four or five stages'),
  deepen_factor: z.number().positive().default(1).describe('Depth multiplier'),
  widen_factor: z.number().positive().default(1).describe('Width multiplier'),
  out_indices: z
    .array(z.int().min(0))
    .min(1)
    .default([2, 3, 4])
    .describe('Indices of the outputs: 0 for the stem, then the stages'),
  frozen_stages: z.int().min(-1).default(-1).describe('Freezes the stem (0) and the first n stages; -1: nothing'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions'),
  arch_ovewrite: z
    .array(stageSetting)
    .min(1)
    .nullable()
    .default(null)
    .describe("Stages of one's own: [in, out, blocks, shortcuts, pyramid pooling] each (spelt as in MMDetection)"),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 })
    .describe('Normalisation type'),
  norm_eval: z
    .boolean()
    .default(false)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Kaiming',
      layer: 'Conv2d',
      a: Math.sqrt(5),
      distribution: 'uniform',
      mode: 'fan_in',
      nonlinearity: 'leaky_relu',
      bias: 0,
    })
    .describe('Weight initialisation'),
};

export const activationOption = (type: 'Swish' | 'SiLU') => actCfg.default({ type }).describe('Activation type');
export const poolSizes = z
  .array(z.int().positive())
  .default([5, 9, 13])
  .describe('Kernel sizes of the spatial pyramid pooling in the last stage');

export interface CSPLayers {
  convCfg: ConvCfg | null;
  normCfg: NormCfg;
  actCfg: ActCfg;
}

interface Scaling {
  widen_factor: number;
  deepen_factor: number;
  use_depthwise: boolean;
}

/** Strided convolution, pyramid pooling where the setting says so, and a CSP layer. */
export function buildCSPStages(
  settings: readonly StageSetting[],
  { widen_factor, deepen_factor, use_depthwise: useDepthwise }: Scaling,
  kernelSizes: number[],
  layers: CSPLayers,
  csp: Pick<CSPLayerConfig, 'useCSPNeXtBlock' | 'expandRatio' | 'channelAttention'> = {},
): Part[][] {
  const Conv = useDepthwise ? DepthwiseSeparableConvModule : ConvModule;
  return settings.map(([from, to, blocks, addIdentity, pooled]) => {
    const inChannels = scaled(from, widen_factor);
    const outChannels = scaled(to, widen_factor);
    const numBlocks = Math.max(roundHalfEven(blocks * deepen_factor), 1);
    const same = { inChannels: outChannels, outChannels, ...layers };
    return [
      new Conv({ inChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, ...layers }),
      ...(pooled ? [new SPPBottleneck({ ...same, kernelSizes })] : []),
      new CSPLayer({ ...same, numBlocks, addIdentity, useDepthwise, ...csp }),
    ];
  });
}
