// PolyLR: the rate decays to eta_min along a polynomial.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { rangeOptions, resolveRange, type ScheduleFactory } from './schedule-rule';

export const PolyLR = defineModule({
  kind: 'param_scheduler',
  type: 'PolyLR',
  summary: 'Lowers the learning rate to eta_min along (1 - t)^power',
  origin: 'mmengine',
  shapes: 'the learning rate of a step -> that of the next',
  example: "{ type: 'PolyLR', power: 0.9, eta_min: 0.0001, by_epoch: false, begin: 0, end: 12000 }",
  options: z.strictObject({
    eta_min: z.number().nonnegative().default(0).describe('Learning rate at the end'),
    power: z.number().positive().default(1).describe('Exponent'),
    ...rangeOptions,
  }),
  build: (o): ScheduleFactory => {
    return (epochLength) => {
      const { byEpoch, begin, end } = resolveRange(o, epochLength);
      const total = end - begin - 1;
      return {
        byEpoch,
        begin,
        end,
        next: (value, step) =>
          step === 0 ? value : (value - o.eta_min) * (1 - 1 / (total - step + 1)) ** o.power + o.eta_min,
      };
    };
  },
});
