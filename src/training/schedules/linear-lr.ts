// LinearLR: multiplies the rate by a factor that changes linearly, mostly for warm-up.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const LinearLR = defineModule({
  kind: 'param_scheduler',
  type: 'LinearLR',
  summary: 'Changes the factor of the learning rate linearly from start_factor to end_factor between begin and end',
  origin: 'PyTorch and mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 }",
  options: z.strictObject({
    start_factor: z
      .number()
      .positive()
      .max(1)
      .default(1 / 3)
      .describe('Factor at the first step'),
    end_factor: z.number().nonnegative().max(1).default(1).describe('Factor at the last step'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end } = resolveRange(o, epochLength);
      const total = end - begin - 1;
      const rise = o.end_factor - o.start_factor;
      return {
        byEpoch,
        begin,
        end,
        // the ratio of two points of the line, so that it chains with other schedules
        next: (value, step) =>
          step === 0 ? value * o.start_factor : value * (1 + rise / (total * o.start_factor + (step - 1) * rise)),
      };
    };
  },
});
