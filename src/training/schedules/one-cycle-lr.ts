// OneCycleLR (Smith and Topin, Super-Convergence, 2018): up from eta_max / div_factor to eta_max, then down to a rate far below the
// first. It does not chain: what other schedules give is replaced. As in mmengine, every parameter group has the same rates,
// paramwise_cfg or not. After total_steps the rate stays at its minimum, where mmengine ends the run with an error.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  parameterRange,
  rangeChecked,
  rateRange,
  resolveRange,
  type ScheduleFactory,
  type ScheduleOptions,
} from './schedule-rule';

const options = {
  eta_max: z.number().positive().describe("Highest rate, in place of the optimizer's lr"),
  total_steps: z.int().positive().nullish().describe('Steps of the whole cycle; end - begin when left out'),
  pct_start: z.number().min(0).max(1).default(0.3).describe('Share of the steps in which the rate rises'),
  anneal_strategy: z.enum(['cos', 'linear']).default('cos').describe('Shape of both ways'),
  div_factor: z.number().positive().default(25).describe('The first rate is eta_max / div_factor'),
  final_div_factor: z.number().positive().default(1e4).describe('The last rate is the first / final_div_factor'),
  three_phase: z
    .boolean()
    .default(false)
    .describe('Down to the first rate as fast as it rose, then on to the last one'),
};

interface Phase {
  /** Step of its last value. */
  end: number;
  from: number;
  to: number;
}

function phasesOf(o: ScheduleOptions<typeof options>, total: number): Phase[] {
  const [first, most] = [o.eta_max / o.div_factor, o.eta_max];
  const last = first / o.final_div_factor;
  const rise = { end: o.pct_start * total - 1, from: first, to: most };
  if (!o.three_phase) return [rise, { end: total - 1, from: most, to: last }];
  return [rise, { end: 2 * o.pct_start * total - 2, from: most, to: first }, { end: total - 1, from: first, to: last }];
}

const STRATEGIES = {
  cos: (from: number, to: number, share: number) => to + ((from - to) / 2) * (Math.cos(Math.PI * share) + 1),
  linear: (from: number, to: number, share: number) => (to - from) * share + from,
};

const build =
  (o: ScheduleOptions<typeof options>): ScheduleFactory =>
  (epochLength) => {
    const { scale, ...range } = resolveRange(o, epochLength);
    const total = typeof o.total_steps === 'number' ? o.total_steps * scale : range.end - range.begin;
    const phases = phasesOf(o, total);
    return {
      ...range,
      first: phases[0].from,
      next: (_value, step) => {
        const i = phases.findIndex(({ end }, k) => step <= end || k === phases.length - 1);
        const { end, from, to } = phases[i];
        const start = i === 0 ? 0 : phases[i - 1].end;
        const share = end > start ? (step - start) / (end - start) : 1; // a phase of one step is at its end
        return STRATEGIES[o.anneal_strategy](from, to, Math.min(share, 1));
      },
    };
  };

const shared = {
  kind: 'param_scheduler',
  summary: 'Raises the learning rate from eta_max / div_factor to eta_max and lowers it far below that',
  paper: 'Smith and Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates, 2018',
  shapes: 'a step -> the learning rate',
} as const;

export const oneCycleSchedules = [
  defineModule({
    ...shared,
    type: 'OneCycleLR',
    example: "{ type: 'OneCycleLR', eta_max: 0.01, total_steps: 12, convert_to_iter_based: true }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'OneCycleParamScheduler',
    example: "{ type: 'OneCycleParamScheduler', param_name: 'lr', eta_max: 0.01, by_epoch: false, end: 9000 }",
    options: rangeChecked(
      z.strictObject({ ...options, ...parameterRange, param_name: z.literal('lr').describe('Only "lr"') }),
    ),
    build,
  }),
] as const;
