// CosineAnnealingLR and its kin: half a cosine from the value down to eta_min (Loshchilov and Hutter, SGDR, ICLR 2017, no
// restarts).

import { z } from 'zod';
import {
  type MinimumOptions,
  minimumOf,
  resolveRange,
  type ScheduleFactory,
  type ScheduleOptions,
} from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

const options = {
  T_max: z.int().positive().nullish().describe('Steps of the half cosine; end - begin when left out'),
  eta_min: z.number().nonnegative().nullish().describe('Minimum; 0 when left out'),
  eta_min_ratio: z.number().nonnegative().nullish().describe('eta_min as a fraction of the first value'),
};
const oneMinimum = [
  (o: MinimumOptions) => typeof o.eta_min !== 'number' || typeof o.eta_min_ratio !== 'number',
  { message: 'expected eta_min or eta_min_ratio, received both' },
] as const;

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const half = typeof o.T_max === 'number' ? o.T_max * scale : range.end - range.begin;
    return {
      ...range,
      next: (value, step, base) => {
        const low = minimumOf(o, base);
        if (step === 0) return value;
        // the ratio below is 0 / 0 here: the cosine is at its minimum
        if ((step - 1 - half) % (2 * half) === 0) return value + ((base - low) * (1 - Math.cos(Math.PI / half))) / 2;
        const ratio = (1 + Math.cos((Math.PI * step) / half)) / (1 + Math.cos((Math.PI * (step - 1)) / half));
        return ratio * (value - low) + low;
      },
    };
  };

export const cosineAnnealingSchedules = schedulerFamily('CosineAnnealing', {
  options,
  checks: [oneMinimum],
  build,
  summary: (value) => `Lowers ${value} to eta_min along half a cosine of T_max steps`,
  example: 'T_max: 12, eta_min: 0.0001',
  momentumExample: 'T_max: 12, eta_min: 0.85',
  paper: 'Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017',
});
