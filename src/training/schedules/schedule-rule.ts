// The contract of a schedule in `param_scheduler`: a rule from the current learning rate to the next, active in [begin, end).
// Values chain (each rule changes what the rules before it gave), as in mmengine, so warm-up and decay combine by listing both.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';

/** mmengine's "never ends". */
export const NEVER = 1_000_000_000;

export interface ScheduleRule {
  /** True: one step an epoch; false: one step an iteration. */
  byEpoch: boolean;
  begin: number;
  end: number;
  /**
   * The learning rate of step `step` (0 at `begin`), from the one before it.
   * @param base the learning rate the parameter group started from
   */
  next(value: number, step: number, base: number): number;
}

/** A rule for a run whose epochs have `epochLength` iterations. */
export type ScheduleFactory = (epochLength: number) => ScheduleRule;

/** Options that every schedule has. */
export const rangeOptions = {
  begin: z.int().nonnegative().default(0).describe('Step (epoch or iteration) at which the schedule begins'),
  end: z.int().positive().default(NEVER).describe('Step at which it ends'),
  by_epoch: z.boolean().default(true).describe('Whether steps are epochs; false: iterations'),
  convert_to_iter_based: z
    .boolean()
    .default(false)
    .describe('Counts are given in epochs, but the rate changes every iteration'),
  param_name: z.literal('lr').default('lr').describe('Only "lr": momentum and weight decay have no schedule'),
  last_step: ignoredOption('a checkpoint restores the step', { schema: z.int().default(-1) }),
  verbose: ignoredOption('the learning rate is in every log line', { schema: z.boolean().default(false) }),
};

interface RangeOptions {
  begin: number;
  end: number;
  by_epoch: boolean;
  convert_to_iter_based: boolean;
}

/** Begin and end of a rule, and the factor by which counts given in epochs grow when converted to iterations. */
export function resolveRange(options: RangeOptions, epochLength: number) {
  const scale = options.by_epoch && options.convert_to_iter_based ? epochLength : 1;
  return {
    byEpoch: options.by_epoch && scale === 1 && !options.convert_to_iter_based,
    begin: options.begin * scale,
    end: options.end >= NEVER ? NEVER : options.end * scale,
    scale,
  };
}

declare module '../../catalogue/registry' {
  interface Built {
    param_scheduler: ScheduleFactory;
  }
}
