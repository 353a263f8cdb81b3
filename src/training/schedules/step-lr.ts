// StepLR and its kin: the value decays by gamma every `step_size` steps.

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

const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const stepSchedules = [
  defineModule({
    ...shared,
    type: 'StepLR',
    summary: 'Multiplies the learning rate by gamma every step_size steps',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'StepLR', step_size: 3, gamma: 0.5 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'StepMomentum',
    summary: 'Multiplies the momentum by gamma every step_size steps',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'StepMomentum', step_size: 3, gamma: 0.5 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'StepParamScheduler',
    summary: 'Multiplies a value of the optimizer by gamma every step_size steps',
    shapes: 'the value of a step -> that of the next',
    example: "{ type: 'StepParamScheduler', param_name: 'momentum', step_size: 3, gamma: 0.5 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
