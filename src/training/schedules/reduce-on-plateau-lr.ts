// ReduceOnPlateauLR and its kin: the value is lowered when a metric of the evaluations has not improved for some of them. It
// counts evaluations, and `begin` and `end` in epochs; NaN is never an improvement.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError, didYouMean } from '../../errors';
import {
  momentumRange,
  type PlateauState,
  parameterRange,
  rangeChecked,
  rateRange,
  resolveRange,
  type ScheduleFactory,
  type ScheduleOptions,
} from './schedule-rule';

const options = {
  monitor: z
    .string()
    .default('loss')
    .describe("Metric of the evaluation: 'coco/bbox_mAP' with rule 'greater', 'val/loss' with fit's valLoss"),
  rule: z.enum(['less', 'greater']).default('less').describe('Which values of monitor are better'),
  factor: z.number().positive().lt(1).default(0.1).describe('Factor by which the value is lowered'),
  patience: z.int().nonnegative().default(10).describe('Evaluations without improvement that change nothing yet'),
  threshold: z.number().nonnegative().default(1e-4).describe('What an evaluation must add to the best one before it'),
  threshold_rule: z
    .enum(['rel', 'abs'])
    .default('rel')
    .describe("Whether threshold is a share of the best value ('rel') or a difference ('abs')"),
  cooldown: z.int().nonnegative().default(0).describe('Evaluations after a change that are not counted'),
  min_value: z
    .union([z.number().nonnegative(), z.tuple([z.number().nonnegative()]).transform(([value]) => value)])
    .default(0)
    .describe('What the value is never lowered below: one number for all parameters'),
  eps: z.number().nonnegative().default(1e-8).describe('Smaller changes are left out'),
};
type Options = ScheduleOptions<typeof options>;

function isBetter(o: Options, value: number, best: number | null): boolean {
  if (best === null) return !Number.isNaN(value);
  const { rule, threshold } = o;
  if (o.threshold_rule === 'rel')
    return rule === 'less' ? value < best * (1 - threshold) : value > best * (threshold + 1);
  return rule === 'less' ? value < best - threshold : value > best + threshold;
}

/** As mmengine counts: an evaluation of the cooldown is none. */
function judge(o: Options, state: PlateauState, metrics: Readonly<Record<string, number>>): boolean {
  const value = metrics[o.monitor];
  if (value === undefined)
    throw new DetLabError(
      `Cannot lower "${o.param_name}" on a plateau of "${o.monitor}": the evaluation has no such metric.` +
        `${didYouMean(o.monitor, Object.keys(metrics))} It has ${Object.keys(metrics).join(', ')}`,
    );
  if (isBetter(o, value, state.best)) Object.assign(state, { best: value, bad: 0 });
  else state.bad++;
  if (state.cooldown > 0) Object.assign(state, { cooldown: state.cooldown - 1, bad: 0 });
  if (state.bad <= o.patience) return false;
  Object.assign(state, { cooldown: o.cooldown, bad: 0 });
  return true;
}

const build =
  (o: Options): ScheduleFactory =>
  (epochLength) => {
    const { scale: _, ...range } = resolveRange(o, epochLength);
    return {
      ...range,
      next: (value) => value,
      plateau: {
        judge: (state, metrics) => judge(o, state, metrics),
        lower(value) {
          const lowered = Math.max(value * o.factor, o.min_value);
          return value - lowered > o.eps ? lowered : value;
        },
      },
    };
  };

/** Evaluations belong to epochs: mmengine has it by epochs alone too. */
const byEpochs = {
  by_epoch: z.literal(true).default(true).describe('Only true: evaluations are counted'),
  convert_to_iter_based: z.literal(false).default(false).describe('Only false: evaluations are counted'),
};
const shared = { kind: 'param_scheduler', origin: 'PyTorch and mmengine' } as const;

export const reduceOnPlateauSchedules = [
  defineModule({
    ...shared,
    type: 'ReduceOnPlateauLR',
    summary: 'Lowers the learning rate when a metric of the evaluations has not improved for some of them',
    shapes: 'metrics of an evaluation -> the next learning rate',
    example: "{ type: 'ReduceOnPlateauLR', monitor: 'coco/bbox_mAP', rule: 'greater', patience: 3 }",
    options: rangeChecked(z.strictObject({ ...options, ...rateRange, ...byEpochs })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ReduceOnPlateauMomentum',
    summary: 'Lowers the momentum when a metric of the evaluations has not improved for some of them',
    shapes: 'metrics of an evaluation -> the next momentum',
    example: "{ type: 'ReduceOnPlateauMomentum', monitor: 'coco/bbox_mAP', rule: 'greater', patience: 3 }",
    options: rangeChecked(z.strictObject({ ...options, ...momentumRange, ...byEpochs })),
    build,
  }),
  defineModule({
    ...shared,
    type: 'ReduceOnPlateauParamScheduler',
    summary: 'Lowers a value of the optimizer when a metric of the evaluations has not improved for some of them',
    shapes: 'metrics of an evaluation -> the next value',
    example: "{ type: 'ReduceOnPlateauParamScheduler', param_name: 'lr', monitor: 'coco/bbox_mAP', rule: 'greater' }",
    options: rangeChecked(z.strictObject({ ...options, ...parameterRange, ...byEpochs })),
    build,
  }),
] as const;
