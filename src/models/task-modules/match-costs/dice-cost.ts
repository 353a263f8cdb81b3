// DiceCost: one minus the Dice coefficient of masks (Milletari et al., V-Net, 3DV 2016).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import { masksOf } from './masks-of';
import { type MatchCost, pairwise, products, sigmoid } from './match-cost';

const options = z.strictObject({
  pred_act: z.boolean().default(false).describe('Apply a sigmoid to the predicted masks'),
  eps: z.number().default(1e-3).describe('Added to numerator and denominator'),
  naive_dice: z.boolean().default(true).describe('Denominator of sums, else of sums of squares'),
  weight: z.number().default(1).describe('Weight of the cost'),
});
type Options = z.output<typeof options>;

export class DiceCost implements MatchCost {
  readonly needs = ['masks'] as const;

  constructor(private readonly options: Options) {}

  cost(predictions: Given<'masks'>, truths: Instances): Float32Array {
    const { pred_act, eps, naive_dice, weight } = this.options;
    const { predicted, target, pixels } = masksOf('DiceCost', predictions, truths);
    const [n, m] = [predictions.count, truths.labels.length];
    const masks = pred_act ? predicted.map(sigmoid) : predicted;
    const common = products(masks, target, n, m);
    const size = (values: Float32Array, row: number) => {
      let sum = 0;
      for (const v of values.subarray(row * pixels, (row + 1) * pixels)) sum += naive_dice ? v : v * v;
      return sum;
    };
    const sizes = [
      Array.from({ length: n }, (_, i) => size(masks, i)),
      Array.from({ length: m }, (_, j) => size(target, j)),
    ];
    return pairwise(n, m, (i, j) => (1 - (2 * common[i * m + j] + eps) / (sizes[0][i] + sizes[1][j] + eps)) * weight);
  }
}

export const diceCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'DiceCost',
  summary: 'One minus the Dice coefficient of masks',
  paper: 'Milletari et al., V-Net, 3DV 2016',
  shapes: 'masks [n, pixels], ground truth [K, pixels] -> costs [n, K]',
  example: "{ type: 'DiceCost', pred_act: true, weight: 5 }",
  options,
  build: (given) => new DiceCost(given),
});
