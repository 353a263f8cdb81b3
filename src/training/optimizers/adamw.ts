// AdamW (Loshchilov and Hutter, ICLR 2019), PyTorch's formula and defaults: weight decay shrinks the weights themselves.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { AdaptiveMoments } from './adaptive-moments';
import type { OptimizerPlan } from './optimizer';
import { torchAdamOptions } from './torch-options';

const beta = z.number().min(0).lt(1);

export const AdamW = defineModule({
  kind: 'optimizer',
  type: 'AdamW',
  summary: 'Adam with decoupled weight decay: it shrinks the weights and is not added to the gradient',
  paper: 'Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019',
  shapes: 'gradients of the parameters -> their next values',
  example: "{ type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 }",
  options: z.strictObject({
    lr: z.number().nonnegative().default(0.001).describe('Learning rate'),
    betas: z
      .tuple([beta, beta])
      .default([0.9, 0.999])
      .describe('Decay rates of the running means of gradient and squared gradient'),
    eps: z.number().nonnegative().default(1e-8).describe('Added to the denominator, for numerical stability'),
    weight_decay: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe('Decoupled weight decay: each step shrinks the weights by lr x weight_decay'),
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
    create: (groups) => new AdaptiveMoments(groups, { ...rest, decoupled: true }),
  }),
});
