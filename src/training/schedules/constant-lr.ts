// ConstantLR: the rate times a factor until `end`, then as it was.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const ConstantLR = defineModule({
  kind: 'param_scheduler',
  type: 'ConstantLR',
  summary: 'Multiplies the learning rate by factor between begin and end',
  origin: 'PyTorch and mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'ConstantLR', factor: 0.1, by_epoch: false, begin: 0, end: 500 }",
  options: z.strictObject({
    factor: z
      .number()
      .positive()
      .max(1)
      .default(1 / 3)
      .describe('Factor from begin to end'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end } = resolveRange(o, epochLength);
      const last = end - begin - 1;
      return {
        byEpoch,
        begin,
        end,
        next: (value, step) => (step === 0 ? value * o.factor : step === last ? value * (1 / o.factor) : value),
      };
    };
  },
});
