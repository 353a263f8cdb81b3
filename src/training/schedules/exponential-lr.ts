// ExponentialLR and its kin: the value decays by gamma at every step.

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
  gamma: z.number().positive().describe('Factor at each step'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    return { ...range, next: (value, step) => (step === 0 ? value : value * o.gamma) };
  };

const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const exponentialSchedules = [
  defineModule({
    ...shared,
    type: 'ExponentialLR',
    summary: 'Multiplies the learning rate by gamma at every step',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'ExponentialLR', gamma: 0.9 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ExponentialMomentum',
    summary: 'Multiplies the momentum by gamma at every step',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'ExponentialMomentum', gamma: 0.9 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ExponentialParamScheduler',
    summary: 'Multiplies a value of the optimizer by gamma at every step',
    shapes: 'the value of a step -> that of the next',
    example: "{ type: 'ExponentialParamScheduler', param_name: 'momentum', gamma: 0.9 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
