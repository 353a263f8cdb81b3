// StepLR and its kin: the value decays by gamma every `step_size` steps.

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  step_size: z.int().positive().describe('Steps between two decays'),
  gamma: z.number().positive().default(0.1).describe('Factor at each decay'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const size = o.step_size * scale;
    return { ...range, next: (value, step) => (step === 0 || step % size !== 0 ? value : value * o.gamma) };
  };

export const stepSchedules = schedulerFamily('Step', {
  options,
  build,
  summary: (value) => `Multiplies ${value} by gamma every step_size steps`,
  example: 'step_size: 3, gamma: 0.5',
  origin: 'PyTorch and mmengine',
});
