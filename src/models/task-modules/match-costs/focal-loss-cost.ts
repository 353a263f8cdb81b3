// FocalLossCost: focal loss of the ground-truth class as a positive minus that as a negative (Zhu et al., Deformable DETR,
// ICLR 2021). With `binary_input`, focal loss of masks.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances, PredictionPart } from '../types';
import { masksOf } from './masks-of';
import { type MatchCost, pairwise, products, sigmoid } from './match-cost';

export const focalCostOptions = {
  alpha: z.number().default(0.25).describe('Weight of positives; negatives have 1 - alpha'),
  gamma: z.number().default(2).describe('Focusing exponent'),
  eps: z.number().default(1e-12).describe('Added inside of the logarithms'),
  weight: z.number().default(1).describe('Weight of the cost'),
};
const options = z.strictObject({
  ...focalCostOptions,
  binary_input: z.boolean().default(false).describe('Compare masks, pixel by pixel, instead of classes'),
});
type Options = z.output<typeof options>;

/** Focal loss of each logit as a positive and as a negative. */
export function focalCosts(logits: Float32Array, o: { alpha: number; gamma: number; eps: number }) {
  const present = new Float32Array(logits.length);
  const absent = new Float32Array(logits.length);
  for (const [i, logit] of logits.entries()) {
    const p = Math.fround(sigmoid(logit));
    present[i] = -Math.log(p + o.eps) * o.alpha * (1 - p) ** o.gamma;
    absent[i] = -Math.log(1 - p + o.eps) * (1 - o.alpha) * p ** o.gamma;
  }
  return { present, absent };
}

/** Sum over the columns of `present` where the target is 1 and of `absent` where it is 0: [n, k], [m, k] -> [n, m]. */
export function binaryCosts(present: Float32Array, absent: Float32Array, target: Float32Array, n: number, m: number) {
  const inverse = target.map((v) => 1 - v);
  const [positive, negative] = [products(present, target, n, m), products(absent, inverse, n, m)];
  return positive.map((v, i) => v + negative[i]);
}

export class FocalLossCost implements MatchCost {
  readonly needs: readonly PredictionPart[];

  constructor(private readonly options: Options) {
    this.needs = options.binary_input ? ['masks'] : ['logits'];
  }

  cost(predictions: Given<'logits' | 'masks'>, truths: Instances): Float32Array {
    const { weight, binary_input } = this.options;
    const { labels } = truths;
    const { count, classes, logits } = predictions;
    if (binary_input) {
      const { predicted, target, pixels } = masksOf('FocalLossCost', predictions, truths);
      const { present, absent } = focalCosts(predicted, this.options);
      const sums = binaryCosts(present, absent, target, count, labels.length);
      return Float32Array.from(sums, (v) => (v / pixels) * weight);
    }
    const { present, absent } = focalCosts(logits, this.options);
    return pairwise(count, labels.length, (i, j) => {
      const at = i * classes + labels[j];
      return (present[at] - absent[at]) * weight;
    });
  }
}

export const focalLossCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'FocalLossCost',
  summary: 'Focal loss of the ground-truth class (or mask) as a positive minus that as a negative',
  paper: 'Zhu et al., Deformable DETR, ICLR 2021',
  shapes: 'logits [n, C], labels [K] -> costs [n, K]',
  example: "{ type: 'FocalLossCost', weight: 2 }",
  options,
  build: (given) => new FocalLossCost(given),
});
