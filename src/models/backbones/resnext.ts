// ResNeXt (Xie et al., CVPR 2017): ResNet whose 3x3 convolutions run in groups. As in MMDetection, the blocks' last norms
// start from one even with zero_init_residual.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { Bottleneck } from './bottleneck';
import { ResidualNetwork, type StagePlan } from './residual-network';
import { checkStages, residualOptions } from './residual-options';

export const BOTTLENECK_DEPTHS = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3] } as const;

export const bottleneckDepth = z
  .union([z.literal(50), z.literal(101), z.literal(152)], { error: 'expected a depth of 50, 101 or 152' })
  .describe('Depth: 50, 101 or 152');

export const groupOptions = {
  groups: z.int().positive().default(1).describe('Groups of the 3x3 convolutions (32)'),
  base_width: z.int().positive().default(4).describe('Channels of a group at base_channels'),
};
const options = z.strictObject({ depth: bottleneckDepth, ...groupOptions, ...residualOptions });
export type ResNeXtOptions = z.output<typeof options>;

/** Stages of bottlenecks, in groups where there are several. */
export function bottleneckStages(
  o: Pick<ResNeXtOptions, 'depth' | 'num_stages' | 'base_channels'> &
    Partial<Pick<ResNeXtOptions, 'groups' | 'base_width'>>,
): StagePlan[] {
  const { groups = 1, base_width = 4, base_channels } = o;
  return BOTTLENECK_DEPTHS[o.depth].slice(0, o.num_stages).map((blocks, i) => {
    const planes = base_channels * 2 ** i;
    const width = groups === 1 ? planes : Math.floor(planes * (base_width / base_channels)) * groups;
    return { blocks, planes, outPlanes: planes * Bottleneck.expansion, width, groups };
  });
}

/**
 * @example new ResNeXt(resnext.options.parse({ depth: 101, groups: 32, base_width: 4 })).forward(images)
 */
export class ResNeXt extends ResidualNetwork {
  constructor(o: ResNeXtOptions) {
    super(o, {
      stem: o.deep_stem ? 'deep' : 'plain',
      stemChannels: o.stem_channels ?? o.base_channels,
      stages: bottleneckStages(o),
      block: (config) => new Bottleneck(config),
      avgDown: o.avg_down,
      zeroInit: false,
    });
  }
}

export const resnext = defineModule({
  kind: 'backbone',
  type: 'ResNeXt',
  summary: 'Residual network with grouped 3x3 convolutions.',
  paper: 'Xie, Girshick, Dollar, Tu and He: Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 256], [N, H/8, W/8, 512], [N, H/16, W/16, 1024], [N, H/32, W/32, 2048]',
  example: "{ type: 'ResNeXt', depth: 101, groups: 32, base_width: 4, frozen_stages: 1 }",
  options,
  infer: (o, { path }) => checkStages('ResNeXt', o, { path }),
  build: (o) => new ResNeXt(o),
});
