// RegNetX (Radosavovic et al., CVPR 2020): widths and depths of the stages follow a quantised linear function; blocks are
// ResNeXt bottlenecks without expansion. As in MMDetection, base_channels and deep_stem are accepted and without effect.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { roundHalfEven } from '../../geometry/round-half-even';
import { Bottleneck } from './bottleneck';
import { ResidualNetwork, type StagePlan } from './residual-network';
import { checkStages, perStage, residualOptions } from './residual-options';

const arch = z.strictObject({
  w0: z.int().positive().describe('Width of the first block, a multiple of 8'),
  wa: z.number().min(0).describe('Growth of the width from block to block'),
  wm: z.number().gt(1).describe('Ratio of the widths of two stages'),
  depth: z.int().positive().describe('Number of blocks'),
  group_w: z.int().positive().describe('Channels of a group'),
  bot_mul: z.number().positive().describe('Expansion ratio: hidden over output channels of a block'),
});
type Arch = z.output<typeof arch>;

const line = (w0: number, wa: number, wm: number, group_w: number, depth: number): Arch => ({
  ...{ w0, wa, wm, group_w, depth },
  bot_mul: 1,
});
const ARCHITECTURES = {
  regnetx_400mf: line(24, 24.48, 2.54, 16, 22),
  regnetx_800mf: line(56, 35.73, 2.28, 16, 16),
  'regnetx_1.6gf': line(80, 34.01, 2.25, 24, 18),
  'regnetx_3.2gf': line(88, 26.31, 2.25, 48, 25),
  'regnetx_4.0gf': line(96, 38.65, 2.43, 40, 23),
  'regnetx_6.4gf': line(184, 60.83, 2.07, 56, 17),
  'regnetx_8.0gf': line(80, 49.56, 2.88, 120, 23),
  regnetx_12gf: line(168, 73.36, 2.37, 112, 19),
};
type ArchName = keyof typeof ARCHITECTURES;
const NAMES = Object.keys(ARCHITECTURES) as [ArchName, ...ArchName[]];

const { num_stages: _, ...common } = residualOptions;
const options = z.strictObject({
  arch: z
    .union([z.enum(NAMES), arch], {
      error: `expected one of ${NAMES.join(', ')}, or { w0, wa, wm, depth, group_w, bot_mul }`,
    })
    .describe(`${NAMES.join(', ')}, or the line's own numbers`),
  ...common,
  stem_channels: z.int().positive().default(32).describe('Channels of the stem'),
  base_channels: ignoredOption('as in MMDetection, the architecture has its own', {
    schema: z.int().positive().default(32),
  }),
  strides: perStage('Stride of the first block of each stage', [2, 2, 2, 2]),
});
export type RegNetOptions = z.output<typeof options>;

/** Widths and depths of the stages. */
function stagesOf(name: RegNetOptions['arch']): StagePlan[] {
  const { w0, wa, wm, depth, group_w, bot_mul } = typeof name === 'string' ? ARCHITECTURES[name] : name;
  if (w0 % 8 !== 0) throw new DetLabError(`Cannot build RegNet: expected a w0 that is a multiple of 8, received ${w0}`);
  const widths = Array.from({ length: depth }, (_, i) => {
    const exponent = roundHalfEven(Math.log((i * wa + w0) / w0) / Math.log(wm));
    return Math.floor(roundHalfEven((w0 * wm ** exponent) / 8) * 8);
  });
  const stages: { width: number; blocks: number }[] = [];
  for (const width of widths) {
    const last = stages.at(-1);
    if (last?.width === width) last.blocks++;
    else stages.push({ width, blocks: 1 });
  }
  return stages.map(({ width, blocks }) => {
    // the width inside is made a multiple of the group's
    const inside = Math.floor(width * bot_mul);
    const group = Math.min(group_w, inside);
    const planes = Math.floor(Math.floor(roundHalfEven(inside / group) * group) / bot_mul);
    const groups = Math.floor(roundHalfEven(planes * bot_mul) / group);
    const real = groups === 1 ? planes : Math.floor(planes * (group / planes)) * groups;
    return { blocks, planes, outPlanes: planes, width: real, groups };
  });
}

/**
 * @example new RegNet(regnet.options.parse({ arch: 'regnetx_3.2gf' })).forward(images) // 96, 192, 432, 1008 channels
 */
export class RegNet extends ResidualNetwork {
  constructor(o: RegNetOptions) {
    const stages = stagesOf(o.arch);
    super(
      { ...o, num_stages: stages.length },
      {
        stem: 'regnet',
        stemChannels: o.stem_channels,
        stages,
        block: (config) => new Bottleneck(config),
        avgDown: o.avg_down,
        zeroInit: o.zero_init_residual,
      },
    );
  }
}

export const regnet = defineModule({
  kind: 'backbone',
  type: 'RegNet',
  summary: 'Residual network whose stage widths follow a quantised linear function (RegNetX).',
  paper: 'Radosavovic, Kosaraju, Girshick, He and Dollar: Designing Network Design Spaces, CVPR 2020',
  shapes: '[N, H, W, 3] -> one level per stage at strides 4, 8, 16, 32; for regnetx_3.2gf 96, 192, 432, 1008 channels',
  example: "{ type: 'RegNet', arch: 'regnetx_3.2gf', frozen_stages: 1 }",
  options,
  infer: (o, { path }) => {
    const stages = stagesOf(o.arch).length;
    if (stages > 4)
      throw new DetLabError(`Cannot build backbone "RegNet": expected at most 4 stages, arch gives ${stages}`);
    const { num_stages, ...rest } = checkStages(
      'RegNet',
      { ...o, num_stages: stages },
      { path, standard: [2, 2, 2, 2] },
    );
    return rest;
  },
  build: (o) => new RegNet(o),
});
