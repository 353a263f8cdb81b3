// LinearLR and its kin: the value times a factor that changes linearly, mostly for warm-up.

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  start_factor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3)
    .describe('Factor at the first step'),
  end_factor: z.number().nonnegative().max(1).default(1).describe('Factor at the last step'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    const total = range.end - range.begin - 1;
    const rise = o.end_factor - o.start_factor;
    return {
      ...range,
      // the ratio of two points of the line, so that it chains with other schedules
      next: (value, step) =>
        step === 0 ? value * o.start_factor : value * (1 + rise / (total * o.start_factor + (step - 1) * rise)),
    };
  };

export const linearSchedules = schedulerFamily('Linear', {
  options,
  build,
  summary: (value) => `Changes the factor of ${value} linearly from start_factor to end_factor between begin and end`,
  example: 'start_factor: 0.001, by_epoch: false, begin: 0, end: 500',
  origin: 'PyTorch and mmengine',
});
