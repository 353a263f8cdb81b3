// ClassificationCost: negative softmax probability of the ground-truth class (Carion et al., DETR, ECCV 2020).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import { type MatchCost, pairwise } from './match-cost';

export class ClassificationCost implements MatchCost {
  readonly needs = ['logits'] as const;

  constructor(private readonly weight: number) {}

  cost({ logits, classes, count }: Given<'logits'>, { labels }: Instances): Float32Array {
    const sums = Float64Array.from({ length: count }, (_, i) => {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      return top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
    });
    return pairwise(count, labels.length, (i, j) => -Math.exp(logits[i * classes + labels[j]] - sums[i]) * this.weight);
  }
}

export const classificationCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'ClassificationCost',
  summary: 'Negative softmax probability of the ground-truth class',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'logits [n, C], labels [K] -> costs [n, K]',
  example: "{ type: 'ClassificationCost', weight: 1 }",
  options: z.strictObject({ weight: z.number().default(1).describe('Weight of the cost') }),
  build: ({ weight }) => new ClassificationCost(weight),
});
