// mmpretrain.CrossEntropyLoss: CrossEntropyLoss under the options of mmpretrain, of labels. Soft labels and sigmoids, whose targets are one
// number for each class, are refused by name: no model here has such targets.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { CrossEntropyLoss } from './cross-entropy-loss';
import { lossWeightOption, reductionOption } from './loss';

export const mmpretrainCrossEntropyLossDefinition = defineModule({
  kind: 'loss',
  type: 'mmpretrain.CrossEntropyLoss',
  summary: 'Cross entropy of a softmax over classes, as mmpretrain names its options',
  origin: 'mmpretrain',
  shapes: 'logits [N, C] and labels [N] -> scalar',
  example: "{ type: 'mmpretrain.CrossEntropyLoss', loss_weight: 1 }",
  options: z.strictObject({
    use_sigmoid: z.literal(false).default(false).describe('Only false: targets are labels'),
    use_soft: z.literal(false).default(false).describe('Only false: targets are labels'),
    reduction: reductionOption,
    loss_weight: lossWeightOption,
    class_weight: z.array(z.number()).nullable().default(null).describe('Weight of each class'),
    pos_weight: z.null().default(null).describe('Only null: concerns use_sigmoid'),
  }),
  build: ({ reduction, loss_weight, class_weight }) =>
    new CrossEntropyLoss({
      use_sigmoid: false,
      use_mask: false,
      avg_non_ignore: false,
      reduction,
      loss_weight,
      class_weight,
    }),
});
