// PolyLR and its kin: the value decays to eta_min along a polynomial.

import { z } from 'zod';
import { resolveRange, type ScheduleFactory, type ScheduleOptions } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  eta_min: z.number().nonnegative().default(0).describe('Value at the end'),
  power: z.number().positive().default(1).describe('Exponent'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    const total = range.end - range.begin - 1;
    return {
      ...range,
      next: (value, step) =>
        step === 0 ? value : (value - o.eta_min) * (1 - 1 / (total - step + 1)) ** o.power + o.eta_min,
    };
  };

export const polySchedules = schedulerFamily('Poly', {
  options,
  build,
  summary: (value) => `Lowers ${value} to eta_min along (1 - t)^power`,
  example: 'power: 0.9, eta_min: 0.0001, by_epoch: false, begin: 0, end: 12000',
  momentumExample: 'power: 0.9, eta_min: 0.5, by_epoch: false, begin: 0, end: 12000',
  origin: 'mmengine',
});
