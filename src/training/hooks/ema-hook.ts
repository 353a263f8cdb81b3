// EMAHook (mmengine): a running average of the weights is evaluated and saved. ExpMomentumEMA (MMDetection) follows the
// weights closely at first: its share is momentum + (1 - momentum) exp(-(1 + steps) / gamma).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { WeightAverage } from '../weight-average';
import { type HookPlan, priority } from './hook';

const types = ['ExpMomentumEMA', 'ExponentialMovingAverage', 'StochasticWeightAverage'] as const;

export const EMAHook = defineModule({
  kind: 'hook',
  type: 'EMAHook',
  summary: 'Evaluates and saves a running average of the weights',
  paper: 'Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM 1992',
  shapes: 'weights of every iteration -> their running average',
  example: "{ type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0001, update_buffers: true }",
  options: z
    .strictObject({
      ema_type: z
        .preprocess((v) => (typeof v === 'string' ? v.slice(v.lastIndexOf('.') + 1) : v), z.enum(types))
        .default('ExponentialMovingAverage')
        .describe('Rule of the average'),
      momentum: z.number().gt(0).lt(1).default(0.0002).describe('Share of the newest weights'),
      gamma: z.number().positive().default(2000).describe('ExpMomentumEMA: updates of the first, quick phase'),
      interval: z.int().positive().default(1).describe('Iterations between two updates'),
      update_buffers: z.boolean().default(false).describe('Running statistics are averaged too'),
      strict_load: z.boolean().default(false).describe('Accepted: a checkpoint of another model is always refused'),
      begin_iter: z.int().nonnegative().default(0).describe('Iteration from which to average'),
      begin_epoch: z.int().nonnegative().default(0).describe('Epoch from which to average'),
      priority,
    })
    .refine((o) => o.begin_iter === 0 || o.begin_epoch === 0, {
      message: 'expected begin_iter or begin_epoch, received both',
    }),
  build: (o): HookPlan => {
    const rules: Record<(typeof types)[number], (steps: number) => number> = {
      ExpMomentumEMA: (steps) => (1 - o.momentum) * Math.exp(-(1 + steps) / o.gamma) + o.momentum,
      ExponentialMovingAverage: () => o.momentum,
      StochasticWeightAverage: (steps) => 1 / (Math.floor(steps / o.interval) + 1),
    };
    return {
      does: 'average',
      plan: (model) =>
        new WeightAverage(model, {
          momentum: rules[o.ema_type],
          interval: o.interval,
          updateBuffers: o.update_buffers,
          beginIteration: o.begin_iter,
          beginEpoch: o.begin_epoch,
        }),
    };
  },
});
