// Res2Net (Gao et al., TPAMI 2021), variant v1b: deep stem, pooled shortcuts. As in MMDetection, `style`, `deep_stem` and
// `avg_down` are accepted and always 'pytorch', true and true, and the blocks' last norms start from one.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { Bottle2neck } from './bottle2neck';
import { ResidualNetwork } from './residual-network';
import { checkStages, residualOptions } from './residual-options';
import { BOTTLENECK_DEPTHS, bottleneckDepth } from './resnext';

const options = z.strictObject({
  depth: bottleneckDepth,
  scales: z.int().min(2).default(4).describe('Scales: slices of the 3x3 convolution'),
  base_width: z.int().positive().default(26).describe('Channels of a slice at base_channels'),
  ...residualOptions,
  style: ignoredOption("Res2Net has the style 'pytorch'", {
    schema: z.enum(['pytorch', 'caffe']).default('pytorch'),
    lost: true,
  }),
  deep_stem: ignoredOption('Res2Net has a deep stem', { schema: z.boolean().default(true), lost: true }),
  avg_down: ignoredOption('Res2Net has pooled shortcuts', { schema: z.boolean().default(true), lost: true }),
});
export type Res2NetOptions = z.output<typeof options>;

/**
 * @example new Res2Net(res2net.options.parse({ depth: 101, scales: 4, base_width: 26 })).forward(images)
 */
export class Res2Net extends ResidualNetwork {
  constructor(o: Res2NetOptions) {
    super(
      { ...o, style: 'pytorch' },
      {
        stem: 'deep',
        stemChannels: o.stem_channels ?? o.base_channels,
        stages: BOTTLENECK_DEPTHS[o.depth].slice(0, o.num_stages).map((blocks, i) => {
          const planes = o.base_channels * 2 ** i;
          const width = Math.floor(planes * (o.base_width / o.base_channels));
          return { blocks, planes, outPlanes: planes * Bottle2neck.expansion, width, groups: 1 };
        }),
        block: (config) => new Bottle2neck(config, o.scales),
        avgDown: true,
        zeroInit: false,
      },
    );
  }
}

export const res2net = defineModule({
  kind: 'backbone',
  type: 'Res2Net',
  summary: 'Residual network with hierarchical residual connections between channel groups of a block.',
  paper: 'Gao, Cheng, Zhao, Zhang, Yang and Torr: Res2Net: A New Multi-scale Backbone Architecture, TPAMI 2021',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 256], [N, H/8, W/8, 512], [N, H/16, W/16, 1024], [N, H/32, W/32, 2048]',
  example: "{ type: 'Res2Net', depth: 101, scales: 4, base_width: 26, frozen_stages: 1 }",
  options,
  infer: (o, { path }) => checkStages('Res2Net', o, { path }),
  build: (o) => new Res2Net(o),
});
