// ConstantLR and its kin: the value times a factor until `end`, then as it was.

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  factor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3)
    .describe('Factor from begin to end'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    const last = range.end - range.begin - 1;
    return {
      ...range,
      next: (value, step) => (step === 0 ? value * o.factor : step === last ? value * (1 / o.factor) : value),
    };
  };

export const constantSchedules = schedulerFamily('Constant', {
  options,
  build,
  summary: (value) => `Multiplies ${value} by factor between begin and end`,
  example: 'factor: 0.1, by_epoch: false, begin: 0, end: 500',
  origin: 'PyTorch and mmengine',
});
