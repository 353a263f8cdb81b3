// PolyLR and its kin: the value decays to eta_min along a polynomial.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  momentumRange,
  parameterRange,
  rangeChecked,
  rateRange,
  resolveRange,
  type ScheduleFactory,
  type ScheduleOptions,
} from './schedule-rule';

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

const shared = { kind: 'param_scheduler', origin: 'mmengine' } as const;

export const polySchedules = [
  defineModule({
    ...shared,
    type: 'PolyLR',
    summary: 'Lowers the learning rate to eta_min along (1 - t)^power',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'PolyLR', power: 0.9, eta_min: 0.0001, by_epoch: false, begin: 0, end: 12000 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'PolyMomentum',
    summary: 'Lowers the momentum to eta_min along (1 - t)^power',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'PolyMomentum', power: 0.9, eta_min: 0.5, by_epoch: false, begin: 0, end: 12000 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'PolyParamScheduler',
    summary: 'Lowers a value of the optimizer to eta_min along (1 - t)^power',
    shapes: 'the value of a step -> that of the next',
    example:
      "{ type: 'PolyParamScheduler', param_name: 'momentum', power: 0.9, eta_min: 0.5, by_epoch: false, begin: 0, end: 12000 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
