// BinaryFocalLossCost: focal loss over the tokens of a text, some of which describe the instance (Liu et al., Grounding
// DINO, ECCV 2024).

import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import { binaryCosts, focalCostOptions, focalCosts } from './focal-loss-cost';
import type { MatchCost } from './match-cost';

const options = z.strictObject({
  ...focalCostOptions,
  binary_input: ignoredOption('tokens are always compared', { schema: z.boolean().default(false) }),
});
type Options = z.output<typeof options>;

export class BinaryFocalLossCost implements MatchCost {
  readonly needs = ['logits', 'tokenMask'] as const;

  constructor(private readonly options: Options) {}

  cost({ logits, tokenMask, classes, count }: Given<'logits' | 'tokenMask'>, truths: Instances): Float32Array {
    const { positiveMaps, labels } = truths;
    if (!positiveMaps || !tokenMask)
      throw new DetLabError(
        'Cannot compute BinaryFocalLossCost: expected predictions with a tokenMask and ground truth with ' +
          'positiveMaps, as heads on text give. For classes use FocalLossCost',
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
  summary: 'Focal loss over the tokens of a text that describe an instance',
  paper: 'Liu et al., Grounding DINO, ECCV 2024',
  shapes: 'logits [n, tokens], positive maps [K, tokens] -> costs [n, K]',
  example: "{ type: 'BinaryFocalLossCost', weight: 2 }",
  options,
  build: (given) => new BinaryFocalLossCost(given),
});
