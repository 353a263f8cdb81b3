// mmpretrain.ResNet: ResNet with the defaults of mmpretrain: the last stage alone, batch norms that learn, and a stem of 64 channels
// whatever the width of the stages.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { checkStages, residualOptions } from './residual-options';
import { ResNet, resnet } from './resnet';

const { dcn: _, stage_with_dcn: __, plugins: ___, pretrained: ____, ...shared } = residualOptions;

const options = z.strictObject({
  depth: resnet.options.shape.depth,
  ...shared,
  stem_channels: z.int().positive().default(64).describe('Channels of the stem'),
  expansion: z.null().default(null).describe('Only null: 1 of depths 18 and 34, 4 of the others'),
  out_indices: z.array(z.int().min(0).max(3)).min(1).default([3]).describe('Indices of the stages returned'),
  norm_eval: z
    .boolean()
    .default(false)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  drop_path_rate: z.literal(0).default(0).describe('Only 0: no block is left out while training'),
});

const plain = { dcn: null, stage_with_dcn: [], plugins: null, pretrained: null };

export const mmpretrainResnet = defineModule({
  kind: 'backbone',
  type: 'mmpretrain.ResNet',
  summary: 'Residual network of 18 to 152 layers with the defaults of mmpretrain: its last stage, norms that learn',
  paper: 'He, Zhang, Ren and Sun: Deep Residual Learning for Image Recognition, CVPR 2016',
  shapes: '[N, H, W, 3] -> [N, H/32, W/32, 2048] (512 channels for depths 18 and 34)',
  example: "{ type: 'mmpretrain.ResNet', depth: 50, num_stages: 4, out_indices: [3], style: 'pytorch' }",
  options,
  infer: (given, { path }) => {
    const { strides, dilations } = checkStages(
      'mmpretrain.ResNet',
      { ...given, ...plain },
      {
        path,
        bottleneck: given.depth >= 50,
      },
    );
    return { ...given, strides, dilations };
  },
  build: ({ expansion, drop_path_rate, ...given }) => new ResNet({ ...given, ...plain }),
});
