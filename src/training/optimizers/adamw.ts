// AdamW (Loshchilov and Hutter, ICLR 2019), PyTorch's formula and defaults: weight decay shrinks the weights themselves.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { AdaptiveMoments } from './adaptive-moments';
import type { OptimizerPlan } from './optimizer';

const beta = z.number().min(0).lt(1);

export const AdamW = defineModule({
  kind: 'optimizer',
  type: 'AdamW',
  summary: 'Adam whose weight decay is taken from the weights, not added to the gradient',
  paper: 'Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019',
  shapes: 'gradients of the parameters -> their next values',
  example: "{ type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 }",
  options: z.strictObject({
    lr: z.number().nonnegative().default(0.001).describe('learning rate'),
    betas: z.tuple([beta, beta]).default([0.9, 0.999]).describe('shares of the running means that are kept'),
    eps: z.number().nonnegative().default(1e-8).describe('keeps the step from dividing by zero'),
    weight_decay: z.number().nonnegative().default(0.01).describe('share of lr by which weights shrink at every step'),
    amsgrad: z.boolean().default(false).describe('divide by the largest mean square so far'),
  }),
  build: ({ lr, weight_decay: weightDecay, ...rest }): OptimizerPlan => ({
    lr,
    weightDecay,
    create: (groups) => new AdaptiveMoments(groups, { ...rest, decoupled: true }),
  }),
});
