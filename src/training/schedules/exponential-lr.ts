// ExponentialLR and its kin: the value decays by gamma at every step.

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  gamma: z.number().positive().describe('Factor at each step'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    return { ...range, next: (value, step) => (step === 0 ? value : value * o.gamma) };
  };

export const exponentialSchedules = schedulerFamily('Exponential', {
  options,
  build,
  summary: (value) => `Multiplies ${value} by gamma at every step`,
  example: 'gamma: 0.9',
  origin: 'PyTorch and mmengine',
});
