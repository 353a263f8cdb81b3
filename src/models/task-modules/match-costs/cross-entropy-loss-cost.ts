// CrossEntropyLossCost: binary cross entropy of masks, averaged over their pixels.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import { binaryCosts } from './focal-loss-cost';
import { masksOf } from './masks-of';
import type { MatchCost } from './match-cost';

const options = z.strictObject({
  use_sigmoid: z.literal(true).default(true).describe('Must be true: the cost is a binary cross entropy'),
  weight: z.number().default(1).describe('Weight of the cost'),
});

export class CrossEntropyLossCost implements MatchCost {
  readonly needs = ['masks'] as const;

  constructor(private readonly weight: number) {}

  cost(predictions: Given<'masks'>, truths: Instances): Float32Array {
    const { predicted, target, pixels } = masksOf('CrossEntropyLossCost', predictions, truths);
    const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    const present = predicted.map((x) => softplus(-x));
    const absent = predicted.map(softplus);
    const sums = binaryCosts(present, absent, target, predictions.count, truths.labels.length);
    return Float32Array.from(sums, (v) => (v / pixels) * this.weight);
  }
}

export const crossEntropyLossCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'CrossEntropyLossCost',
  summary: 'Binary cross entropy of masks, averaged over their pixels',
  paper: 'Cheng et al., Masked-attention Mask Transformer, CVPR 2022',
  shapes: 'masks [n, pixels], ground truth [K, pixels] -> costs [n, K]',
  example: "{ type: 'CrossEntropyLossCost', weight: 5 }",
  options,
  build: ({ weight }) => new CrossEntropyLossCost(weight),
});
