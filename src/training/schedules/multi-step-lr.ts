// MultiStepLR: the classic "divide by ten at epochs 8 and 11".

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const MultiStepLR = defineModule({
  kind: 'param_scheduler',
  type: 'MultiStepLR',
  summary: 'Multiplies the learning rate by gamma at every milestone',
  origin: 'PyTorch and mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 }",
  options: z.strictObject({
    milestones: z.array(z.int().nonnegative()).describe('Steps, counted from begin; one listed twice counts twice'),
    gamma: z.number().positive().default(0.1).describe('Factor at each milestone'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end, scale } = resolveRange(o, epochLength);
      const milestones = o.milestones.map((m) => m * scale);
      return {
        byEpoch,
        begin,
        end,
        next: (value, step) => value * o.gamma ** milestones.filter((m) => m === step).length,
      };
    };
  },
});
