// ConstantLR and its kin: the value times a factor until `end`, then as it was.

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

const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const constantSchedules = [
  defineModule({
    ...shared,
    type: 'ConstantLR',
    summary: 'Multiplies the learning rate by factor between begin and end',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'ConstantLR', factor: 0.1, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ConstantMomentum',
    summary: 'Multiplies the momentum by factor between begin and end',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'ConstantMomentum', factor: 0.1, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ConstantParamScheduler',
    summary: 'Multiplies a value of the optimizer by factor between begin and end',
    shapes: 'the value of a step -> that of the next',
    example:
      "{ type: 'ConstantParamScheduler', param_name: 'momentum', factor: 0.1, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
