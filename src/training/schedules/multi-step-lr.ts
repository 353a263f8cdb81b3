// MultiStepLR and its kin: the classic "divide by ten at epochs 8 and 11".

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  milestones: z.array(z.int().nonnegative()).describe('Steps, counted from begin; one listed twice counts twice'),
  gamma: z.number().positive().default(0.1).describe('Factor at each milestone'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const milestones = o.milestones.map((m) => m * scale);
    return { ...range, next: (value, step) => value * o.gamma ** milestones.filter((m) => m === step).length };
  };

export const multiStepSchedules = schedulerFamily('MultiStep', {
  options,
  build,
  summary: (value) => `Multiplies ${value} by gamma at every milestone`,
  example: 'begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1',
  origin: 'PyTorch and mmengine',
});
