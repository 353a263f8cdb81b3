// Options that MMYOLO's backbones have in common (its BaseBackbone).

import { z } from 'zod';
import { initCfg } from '../../nn/init-cfg';
import { type ActCfg, actCfg, normCfg } from '../../nn/layer-options';
import { stagePluginsOption } from '../layers/block-plugins';

export const yoloBackboneOptions = (act: ActCfg) => ({
  plugins: stagePluginsOption,
  deepen_factor: z.number().positive().default(1).describe('Depth multiplier'),
  widen_factor: z.number().positive().default(1).describe('Width multiplier'),
  input_channels: z.int().positive().default(3).describe('Channels of the input image'),
  out_indices: z
    .array(z.int().min(0))
    .min(1)
    .default([2, 3, 4])
    .describe('Indices of the outputs: 0 for the stem, then the stages'),
  frozen_stages: z.int().min(-1).default(-1).describe('Freezes the stem (0) and the first n stages; -1: nothing'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 })
    .describe('Normalisation type'),
  act_cfg: actCfg.default(act).describe('Activation type'),
  norm_eval: z
    .boolean()
    .default(false)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: PyTorch's own"),
});
