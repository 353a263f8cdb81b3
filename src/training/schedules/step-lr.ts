// StepLR: the rate decays by gamma every `step_size` steps.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const StepLR = defineModule({
  kind: 'param_scheduler',
  type: 'StepLR',
  summary: 'Multiplies the learning rate by gamma every step_size steps',
  origin: 'PyTorch and mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'StepLR', step_size: 3, gamma: 0.5 }",
  options: z.strictObject({
    step_size: z.int().positive().describe('Steps between two decays'),
    gamma: z.number().positive().default(0.1).describe('Factor at each decay'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end, scale } = resolveRange(o, epochLength);
      const size = o.step_size * scale;
      return {
        byEpoch,
        begin,
        end,
        next: (value, step) => (step === 0 || step % size !== 0 ? value : value * o.gamma),
      };
    };
  },
});
