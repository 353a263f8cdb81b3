// MultiStepLR and its kin: the classic "divide by ten at epochs 8 and 11".

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
  milestones: z.array(z.int().nonnegative()).describe('Steps, counted from begin; one listed twice counts twice'),
  gamma: z.number().positive().default(0.1).describe('Factor at each milestone'),
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const milestones = o.milestones.map((m) => m * scale);
    return { ...range, next: (value, step) => value * o.gamma ** milestones.filter((m) => m === step).length };
  };

const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const multiStepSchedules = [
  defineModule({
    ...shared,
    type: 'MultiStepLR',
    summary: 'Multiplies the learning rate by gamma at every milestone',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'MultiStepMomentum',
    summary: 'Multiplies the momentum by gamma at every milestone',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'MultiStepMomentum', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'MultiStepParamScheduler',
    summary: 'Multiplies a value of the optimizer by gamma at every milestone',
    shapes: 'the value of a step -> that of the next',
    example:
      "{ type: 'MultiStepParamScheduler', param_name: 'momentum', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange })),
    build,
  }),
] as const;
