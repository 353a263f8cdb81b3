// FocalLossCost: focal loss of the truth's class if it is present, less that if it is not (Zhu et al., Deformable DETR).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { Given } from '../assigners/predictions-of';
import type { Instances, PredictionPart } from '../types';
import { masksOf } from './masks-of';
import { type MatchCost, pairwise, products, sigmoid } from './match-cost';

export const focalCostOptions = {
  alpha: z.number().default(0.25).describe('Weight of what is present; what is not weighs 1 - alpha'),
  gamma: z.number().default(2).describe('How strongly easy predictions are turned down'),
  eps: z.number().default(1e-12).describe('Keeps logarithms from zero'),
  weight: z.number().default(1).describe('Factor on the cost'),
};
const options = z.strictObject({
  ...focalCostOptions,
  binary_input: z.boolean().default(false).describe('Compare masks, pixel by pixel, in place of classes'),
});
type Options = z.output<typeof options>;

/** Cost of each logit if it ought to be 1, and if it ought to be 0. */
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

/** Sum over the columns: present where the truth has 1, absent where it has 0. */
export function binaryCosts(present: Float32Array, absent: Float32Array, truth: Float32Array, n: number, m: number) {
  const inverse = truth.map((v) => 1 - v);
  const [is, isNot] = [products(present, truth, n, m), products(absent, inverse, n, m)];
  return is.map((v, i) => v + isNot[i]);
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
      const { predicted, wanted, pixels } = masksOf('FocalLossCost', predictions, truths);
      const { present, absent } = focalCosts(predicted, this.options);
      const sums = binaryCosts(present, absent, wanted, count, labels.length);
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
  summary: "Focal loss of the truth's class (or mask) if present, less that if absent",
  paper: 'Zhu et al., Deformable DETR, ICLR 2021',
  shapes: 'scores [n, classes] and labels [k] -> costs [n, k]',
  example: "{ type: 'FocalLossCost', weight: 2 }",
  options,
  build: (given) => new FocalLossCost(given),
});
