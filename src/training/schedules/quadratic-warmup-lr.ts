// QuadraticWarmupLR: MMDetection's warm-up of YOLOX; the rate is base * ((step + 1) / steps)^2.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const QuadraticWarmupLR = defineModule({
  kind: 'param_scheduler',
  type: 'QuadraticWarmupLR',
  summary: 'Warms the learning rate up with the square of the step between begin and end',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'QuadraticWarmupLR', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true }",
  options: z.strictObject(rangeOptions),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end } = resolveRange(o, epochLength);
      const total = (end - begin) ** 2;
      return {
        byEpoch,
        begin,
        end,
        next: (value, step, base) => (step === 0 ? base / total : value + ((2 * step + 1) / total) * base),
      };
    };
  },
});
