// Adam (Kingma and Ba, ICLR 2015), PyTorch's formula and defaults: weight decay is added to the gradient.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { AdaptiveMoments } from './adaptive-moments';
import type { OptimizerPlan } from './optimizer';
import { torchAdamOptions } from './torch-options';

const beta = z.number().min(0).lt(1);

export const Adam = defineModule({
  kind: 'optimizer',
  type: 'Adam',
  summary: 'Steps scaled by running means of the gradient and of its square',
  paper: 'Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015',
  shapes: 'gradients of the parameters -> their next values',
  example: "{ type: 'Adam', lr: 0.0001, weight_decay: 0.0001 }",
  options: z.strictObject({
    lr: z.number().nonnegative().default(0.001).describe('Learning rate'),
    betas: z
      .tuple([beta, beta])
      .default([0.9, 0.999])
      .describe('Decay rates of the running means of gradient and squared gradient'),
    eps: z.number().nonnegative().default(1e-8).describe('Added to the denominator, for numerical stability'),
    weight_decay: z.number().nonnegative().default(0).describe('L2 penalty, added to the gradient'),
    amsgrad: z
      .boolean()
      .default(false)
      .describe('Divide by the maximum of the mean squares so far (Reddi et al., ICLR 2018)'),
    ...torchAdamOptions,
  }),
  build: ({ lr, weight_decay: weightDecay, ...rest }): OptimizerPlan => ({
    lr,
    weightDecay,
    momentum: rest.betas[0],
    create: (groups) => new AdaptiveMoments(groups, { ...rest, decoupled: false }),
  }),
});
