// LinearLR and its kin: the value times a factor that changes linearly, mostly for warm-up.

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

const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const linearSchedules = [
  defineModule({
    ...shared,
    type: 'LinearLR',
    summary: 'Changes the factor of the learning rate linearly from start_factor to end_factor between begin and end',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'LinearMomentum',
    summary: 'Changes the factor of the momentum linearly from start_factor to end_factor between begin and end',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'LinearMomentum', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'LinearParamScheduler',
    summary:
      'Changes the factor of a value of the optimizer linearly from start_factor to end_factor between begin and end',
    shapes: 'the value of a step -> that of the next',
    example:
      "{ type: 'LinearParamScheduler', param_name: 'momentum', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
