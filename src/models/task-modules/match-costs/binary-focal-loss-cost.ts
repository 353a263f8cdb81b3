// BinaryFocalLossCost: focal loss over the tokens of a text, of which each truth means some (Liu et al., Grounding DINO).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import { binaryCosts, focalCostOptions, focalCosts } from './focal-loss-cost';
import type { MatchCost } from './match-cost';

const options = z.strictObject({
  ...focalCostOptions,
  binary_input: z.boolean().default(false).describe('Accepted and without effect: tokens are compared'),
});
type Options = z.output<typeof options>;

export class BinaryFocalLossCost implements MatchCost {
  readonly needs = ['logits', 'tokenMask'] as const;

  constructor(private readonly options: Options) {}

  cost({ logits, tokenMask, classes, count }: Given<'logits' | 'tokenMask'>, truths: Instances): Float32Array {
    const { positiveMaps, labels } = truths;
    if (!positiveMaps || !tokenMask)
      throw new DetLabError(
        'Cannot compute BinaryFocalLossCost: expected truths with positiveMaps and a tokenMask, which heads that read ' +
          'text give. For classes use FocalLossCost',
      );
    const tokens = [...tokenMask.keys()].filter((t) => tokenMask[t] !== 0);
    const pick = (values: Float32Array, rows: number) =>
      Float32Array.from({ length: rows * tokens.length }, (_, k) => {
        const row = Math.floor(k / tokens.length);
        return values[row * classes + tokens[k % tokens.length]];
      });
    const { present, absent } = focalCosts(pick(logits, count), this.options);
    const sums = binaryCosts(present, absent, pick(positiveMaps, labels.length), count, labels.length);
    return Float32Array.from(sums, (v) => v * this.options.weight);
  }
}

export const binaryFocalLossCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'BinaryFocalLossCost',
  summary: 'Focal loss over the tokens of a text, of which each truth means some',
  paper: 'Liu et al., Grounding DINO, ECCV 2024',
  shapes: 'scores [n, tokens] and maps of the truths [k, tokens] -> costs [n, k]',
  example: "{ type: 'BinaryFocalLossCost', weight: 2 }",
  options,
  build: (given) => new BinaryFocalLossCost(given),
});
