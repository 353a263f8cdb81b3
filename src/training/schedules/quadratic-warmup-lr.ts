// QuadraticWarmupLR and its kin: MMDetection's warm-up of YOLOX; the value is base * ((step + 1) / steps)^2.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  momentumRange,
  parameterRange,
  type RangeOptions,
  rangeChecked,
  rateRange,
  resolveRange,
  type ScheduleFactory,
} from './schedule-rule';

const build =
  (o: RangeOptions): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    const total = (range.end - range.begin) ** 2;
    return {
      ...range,
      next: (value, step, base) => (step === 0 ? base / total : value + ((2 * step + 1) / total) * base),
    };
  };

const shared = { kind: 'param_scheduler', paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021' } as const;

export const quadraticWarmupSchedules = [
  defineModule({
    ...shared,
    type: 'QuadraticWarmupLR',
    summary: 'Warms the learning rate up with the square of the step between begin and end',
    shapes: 'the learning rate of a step -> that of the next',
    example: "{ type: 'QuadraticWarmupLR', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true }",
    options: rangeChecked(z.strictObject({ ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'QuadraticWarmupMomentum',
    summary: 'Warms the momentum up with the square of the step between begin and end',
    shapes: 'the momentum of a step -> that of the next',
    example: "{ type: 'QuadraticWarmupMomentum', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true }",
    options: rangeChecked(z.strictObject({ ...momentumRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'QuadraticWarmupParamScheduler',
    summary: 'Warms a value of the optimizer up with the square of the step between begin and end',
    shapes: 'the value of a step -> that of the next',
    example:
      "{ type: 'QuadraticWarmupParamScheduler', param_name: 'momentum', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true }",
    options: rangeChecked(z.strictObject({ ...parameterRange })),
    build,
  }),
] as const;
