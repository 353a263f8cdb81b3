// CosineAnnealingLR: half a cosine from the rate down to eta_min (Loshchilov and Hutter, SGDR, ICLR 2017, no restarts).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { NEVER, rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const CosineAnnealingLR = defineModule({
  kind: 'param_scheduler',
  type: 'CosineAnnealingLR',
  summary: 'Lowers the learning rate to eta_min along half a cosine of T_max steps',
  paper: 'Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'CosineAnnealingLR', T_max: 12, eta_min: 0.0001 }",
  options: z
    .strictObject({
      T_max: z.int().positive().optional().describe('Steps of the half cosine; end - begin when absent'),
      eta_min: z.number().nonnegative().nullish().describe('Minimum learning rate; 0 when absent'),
      eta_min_ratio: z.number().nonnegative().nullish().describe('eta_min as a fraction of the initial rate'),
      ...rangeOptions,
    })
    .refine((o) => o.T_max !== undefined || o.end < NEVER, { message: 'expected T_max or end, received neither' })
    .refine((o) => typeof o.eta_min !== 'number' || typeof o.eta_min_ratio !== 'number', {
      message: 'expected eta_min or eta_min_ratio, received both',
    }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end, scale } = resolveRange(o, epochLength);
      const half = o.T_max === undefined ? end - begin : o.T_max * scale;
      return {
        byEpoch,
        begin,
        end,
        next: (value, step, base) => {
          const low = o.eta_min ?? base * (o.eta_min_ratio ?? 0);
          if (step === 0) return value;
          // the ratio below is 0 / 0 here: the cosine is at its minimum
          if ((step - 1 - half) % (2 * half) === 0) return value + ((base - low) * (1 - Math.cos(Math.PI / half))) / 2;
          const ratio = (1 + Math.cos((Math.PI * step) / half)) / (1 + Math.cos((Math.PI * (step - 1)) / half));
          return ratio * (value - low) + low;
        },
      };
    };
  },
});
