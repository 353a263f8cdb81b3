// ExponentialLR: the rate decays by gamma at every step.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const ExponentialLR = defineModule({
  kind: 'param_scheduler',
  type: 'ExponentialLR',
  summary: 'Multiplies the learning rate by gamma at every step',
  origin: 'PyTorch and mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'ExponentialLR', gamma: 0.9 }",
  options: z.strictObject({
    gamma: z.number().positive().describe('Factor at each step'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end } = resolveRange(o, epochLength);
      return { byEpoch, begin, end, next: (value, step) => (step === 0 ? value : value * o.gamma) };
    };
  },
});
