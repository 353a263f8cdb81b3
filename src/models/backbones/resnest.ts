// ResNeSt (Zhang et al., CVPRW 2022): ResNetV1d with split attention in its blocks. As in MMDetection, the blocks' last norms start
// from one even with zero_init_residual.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ResidualNetwork } from './residual-network';
import { checkStages, residualOptions } from './residual-options';
import { SplitAttentionBottleneck } from './split-attention-bottleneck';

const DEPTHS = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3], 200: [3, 24, 36, 3] } as const;

const { deep_stem: _, avg_down: __, ...common } = residualOptions;
const options = z.strictObject({
  depth: z
    .union([z.literal(50), z.literal(101), z.literal(152), z.literal(200)], {
      error: 'expected a depth of 50, 101, 152 or 200',
    })
    .describe('Depth: 50, 101, 152 or 200'),
  groups: z.int().positive().default(1).describe('Groups of the 3x3 convolutions, each of them split'),
  base_width: z.int().positive().default(4).describe('Channels of a group at base_channels'),
  radix: z.int().positive().default(2).describe('Number of maps that the attention weighs'),
  reduction_factor: z
    .int()
    .positive()
    .default(4)
    .describe('Channels of the maps over those of the hidden layer of the attention'),
  avg_down_stride: z.boolean().default(true).describe('Average pooling after the 3x3 instead of a stride'),
  ...common,
});
export type ResNeStOptions = z.output<typeof options>;

/**
 * @example new ResNeSt(resnest.options.parse({ depth: 50, stem_channels: 64 })).forward(images) // strides 4, 8, 16, 32
 */
export class ResNeSt extends ResidualNetwork {
  constructor(o: ResNeStOptions) {
    const { groups, base_channels, radix, reduction_factor: reductionFactor, avg_down_stride: avgDownStride } = o;
    super(
      { ...o, deep_stem: true, avg_down: true },
      {
        stem: 'deep',
        stemChannels: o.stem_channels ?? base_channels,
        stages: DEPTHS[o.depth].slice(0, o.num_stages).map((blocks, i) => {
          const planes = base_channels * 2 ** i;
          const width = groups === 1 ? planes : Math.floor(planes * (o.base_width / base_channels)) * groups;
          return { blocks, planes, outPlanes: planes * SplitAttentionBottleneck.expansion, width, groups };
        }),
        block: (config) => new SplitAttentionBottleneck(config, { radix, reductionFactor, avgDownStride }),
        avgDown: true,
        zeroInit: false,
      },
    );
  }
}

export const resnest = defineModule({
  kind: 'backbone',
  type: 'ResNeSt',
  summary: 'Residual network with attention over split groups of channels in its blocks.',
  paper: 'Zhang et al., ResNeSt: Split-Attention Networks, CVPRW 2022',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 256], [N, H/8, W/8, 512], [N, H/16, W/16, 1024], [N, H/32, W/32, 2048]',
  example: "{ type: 'ResNeSt', depth: 50, stem_channels: 64, frozen_stages: 1 }",
  options,
  infer: (o, { path }) => {
    const { deep_stem, avg_down, ...rest } = checkStages(
      'ResNeSt',
      { ...o, deep_stem: true, avg_down: true },
      { path },
    );
    return rest;
  },
  build: (o) => new ResNeSt(o),
});
