// CosineRestartLR and its kin: half cosines down to eta_min, one after the other, each from its own share of the first value
// (Loshchilov and Hutter, SGDR, ICLR 2017). After the last one the value stays.

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
  periods: z.array(z.int().positive()).min(1).describe('Steps of each half cosine'),
  restart_weights: z
    .array(z.number().positive())
    .default([1])
    .describe('What each half cosine begins with, as a fraction of the first value'),
  eta_min: z.number().nonnegative().nullish().describe('Minimum'),
  eta_min_ratio: z.number().nonnegative().nullish().describe('eta_min as a fraction of the first value'),
};
const oneMinimum = [
  (o: MinimumOptions) => (typeof o.eta_min === 'number') !== (typeof o.eta_min_ratio === 'number'),
  { message: 'expected one of eta_min and eta_min_ratio, received both or neither' },
] as const;
const oneWeight = [
  (o: { periods: number[]; restart_weights: number[] }) => o.periods.length === o.restart_weights.length,
  { message: 'expected as many restart_weights as periods', path: ['restart_weights'] as PropertyKey[] },
] as const;

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const periods = o.periods.map((period) => period * scale);
    const ends = periods.map((_, i) => periods.slice(0, i + 1).reduce((sum, period) => sum + period, 0));
    return {
      ...range,
      next: (value, at, base) => {
        const i = ends.findIndex((end) => at < end);
        if (i < 0) return value;
        const low = minimumOf(o, base);
        const step = at - (i === 0 ? 0 : ends[i - 1]);
        if (step === 0) return base * o.restart_weights[i];
        const height = (k: number) => 1 + Math.cos((Math.PI * k) / periods[i]);
        return (height(step) / height(step - 1)) * (value - low) + low;
      },
    };
  };

export const cosineRestartSchedules = schedulerFamily('CosineRestart', {
  options,
  checks: [oneMinimum, oneWeight],
  build,
  summary: (value) => `Lowers ${value} to eta_min along half cosines, one after the other`,
  example: 'periods: [8, 4], restart_weights: [1, 0.5], eta_min: 0.0001',
  momentumExample: 'periods: [8, 4], restart_weights: [1, 1], eta_min: 0.85',
  paper: 'Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017',
});
