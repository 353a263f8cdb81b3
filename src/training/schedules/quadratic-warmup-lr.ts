// QuadraticWarmupLR and its kin: MMDetection's warm-up of YOLOX; the value is base * ((step + 1) / steps)^2.

import { type RangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';
import { schedulerFamily } from './scheduler-family';

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

export const quadraticWarmupSchedules = schedulerFamily('QuadraticWarmup', {
  options: {},
  build,
  summary: (value) => `Warms ${value} up with the square of the step between begin and end`,
  example: 'by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
});
