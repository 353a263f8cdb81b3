// ResNet (He et al., CVPR 2016) and its variant D (He et al., CVPR 2019: deep stem, pooled shortcuts), with MMDetection's
// options, parameter names, freezing and initialisation.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BasicBlock } from './basic-block';
import { Bottleneck } from './bottleneck';
import { ResidualNetwork, type ResidualPlan } from './residual-network';
import { checkStages, type ResidualOptions, residualOptions } from './residual-options';

const ARCHITECTURES = {
  18: { Block: BasicBlock, blocks: [2, 2, 2, 2] },
  34: { Block: BasicBlock, blocks: [3, 4, 6, 3] },
  50: { Block: Bottleneck, blocks: [3, 4, 6, 3] },
  101: { Block: Bottleneck, blocks: [3, 4, 23, 3] },
  152: { Block: Bottleneck, blocks: [3, 8, 36, 3] },
} as const;

const depth = z
  .union([z.literal(18), z.literal(34), z.literal(50), z.literal(101), z.literal(152)], {
    error: 'expected a depth of 18, 34, 50, 101 or 152',
  })
  .describe('Depth: 18, 34, 50, 101 or 152');
const options = z.strictObject({ depth, ...residualOptions });
export type ResNetOptions = z.output<typeof options>;

const { deep_stem: _, avg_down: __, ...common } = residualOptions;
const v1dOptions = z.strictObject({ depth, ...common });

/** What depth, widths and stem a ResNet's options mean. */
export function resNetPlan(o: ResNetOptions): ResidualPlan {
  const { Block, blocks } = ARCHITECTURES[o.depth];
  return {
    stem: o.deep_stem ? 'deep' : 'plain',
    stemChannels: o.stem_channels ?? o.base_channels,
    stages: blocks.slice(0, o.num_stages).map((count, i) => {
      const planes = o.base_channels * 2 ** i;
      return { blocks: count, planes, outPlanes: planes * Block.expansion, width: planes, groups: 1 };
    }),
    block: (config) => new Block(config),
    avgDown: o.avg_down,
    zeroInit: o.zero_init_residual,
    honoursFallback: true,
  };
}

/**
 * @example new ResNet(resnet.options.parse({ depth: 50 })).forward(images) // strides 4, 8, 16, 32
 */
export class ResNet extends ResidualNetwork {
  constructor(o: ResNetOptions) {
    super(o, resNetPlan(o));
  }
}

const check = <T extends ResidualOptions & { depth: number }>(type: string, o: T, path: string): T =>
  checkStages(type, o, { path, bottleneck: o.depth >= 50 });

const paper = 'He, Zhang, Ren and Sun: Deep Residual Learning for Image Recognition, CVPR 2016';
const shapes =
  '[N, H, W, 3] -> [N, H/4, W/4, 256], [N, H/8, W/8, 512], ... (64, 128, ... channels for depths 18 and 34)';

export const resnet = defineModule({
  kind: 'backbone',
  type: 'ResNet',
  summary: 'Residual network of 18 to 152 layers; one feature level per stage.',
  paper,
  shapes,
  example: "{ type: 'ResNet', depth: 50, frozen_stages: 1, norm_eval: true }",
  options,
  infer: (o, { path }) => check('ResNet', o, path),
  build: (o) => new ResNet(o),
});

export const resnetV1d = defineModule({
  kind: 'backbone',
  type: 'ResNetV1d',
  summary: 'ResNet with three 3x3 convolutions as its stem and average pooling in its shortcuts.',
  paper: 'He, Zhang, Zhang, Zhang, Xie and Li: Bag of Tricks for Image Classification, CVPR 2019',
  shapes,
  example: "{ type: 'ResNetV1d', depth: 50, frozen_stages: 1 }",
  options: v1dOptions,
  infer: (o, { path }) => {
    const { deep_stem, avg_down, ...rest } = check('ResNetV1d', { ...o, deep_stem: true, avg_down: true }, path);
    return rest;
  },
  build: (o) => new ResNet({ ...o, deep_stem: true, avg_down: true }),
});
