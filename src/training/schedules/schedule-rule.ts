// The contract of a schedule in `param_scheduler`: a rule from the current value of a parameter of the optimizer (mostly its
// learning rate) to the next, active in [begin, end). Values chain (each rule changes what the rules before it gave), as in
// mmengine, so warm-up and decay combine by listing both. mmengine has each rule under three names: `StepLR` moves the learning
// rate, `StepMomentum` the momentum (of Adam and AdamW the first beta), `StepParamScheduler` what `param_name` says.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';

/** mmengine's "never ends". */
export const NEVER = 1_000_000_000;

/** What a rule may move, by its name in a parameter group of torch. */
export type ScheduledName = 'lr' | 'momentum' | 'weight_decay';

export interface ScheduleRule {
  /** What it moves. */
  parameter: ScheduledName;
  /** True: one step an epoch; false: one step an iteration. */
  byEpoch: boolean;
  begin: number;
  end: number;
  /** Replaces the first value, for this rule and those after it in the list. */
  first?: number;
  /**
   * The value of step `step` (0 at `begin`), from the one before it.
   * @param base the value the parameter group started from
   */
  next(value: number, step: number, base: number): number;
  /** Of a rule that follows the evaluations: what it makes of one. */
  plateau?: Plateau;
}

/** A rule that lowers values when evaluations no longer improve; `next` leaves them as they are. */
export interface Plateau {
  /** Counts an evaluation in `state`, and returns whether values are lowered now. */
  judge(state: PlateauState, metrics: Readonly<Record<string, number>>): boolean;
  lower(value: number): number;
}

/** What a checkpoint keeps of it; `best` is null before the first evaluation. */
export interface PlateauState {
  best: number | null;
  bad: number;
  cooldown: number;
}

/** A rule for a run whose epochs have `epochLength` iterations. */
export type ScheduleFactory = (epochLength: number) => ScheduleRule;

const rangeOptions = {
  begin: z.int().nonnegative().default(0).describe('Step (epoch or iteration) at which the schedule begins'),
  end: z.int().positive().default(NEVER).describe('Step at which it ends; the end of the run when left out'),
  by_epoch: z.boolean().default(true).describe('Whether steps are epochs; false: iterations'),
  convert_to_iter_based: z
    .boolean()
    .default(false)
    .describe('Counts are given in epochs, but the value changes every iteration'),
  last_step: ignoredOption('a checkpoint restores the step', { schema: z.int().default(-1) }),
  verbose: ignoredOption('the learning rate is in every log line', { schema: z.boolean().default(false) }),
};

/** Options of every schedule that moves the learning rate. */
export const rateRange = {
  ...rangeOptions,
  param_name: z.literal('lr').default('lr').describe('Only "lr": MomentumSchedulers and ParamSchedulers move others'),
};

/** Options of every schedule that moves the momentum. */
export const momentumRange = {
  ...rangeOptions,
  param_name: z.literal('momentum').default('momentum').describe('Only "momentum": of Adam and AdamW the first beta'),
};

/** Options of every schedule that moves what it is asked to. */
export const parameterRange = {
  ...rangeOptions,
  param_name: z
    .enum(['lr', 'momentum', 'weight_decay'])
    .describe('What is moved; "momentum" is the first beta of Adam and AdamW'),
};

/** A schema of a schedule, which refuses one that ends before it begins. */
export const rangeChecked = <S extends z.ZodType<{ begin: number; end: number }>>(schema: S): S =>
  schema.refine(({ begin, end }) => end > begin, { message: 'expected an end after begin', path: ['end'] });

export interface RangeOptions {
  begin: number;
  end: number;
  by_epoch: boolean;
  convert_to_iter_based: boolean;
  param_name: ScheduledName;
}

/** The options of a schedule with the shape `Shape` beside those of its range. */
export type ScheduleOptions<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>> & RangeOptions;

/** What a rule moves and when; `scale`: the factor by which counts given in epochs grow when converted to iterations. */
export function resolveRange(options: RangeOptions, epochLength: number) {
  const scale = options.by_epoch && options.convert_to_iter_based ? epochLength : 1;
  return {
    parameter: options.param_name,
    byEpoch: options.by_epoch && !options.convert_to_iter_based,
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

/** The minimum of a cosine: a value, or a fraction of the first value. */
export interface MinimumOptions {
  eta_min?: number | null;
  eta_min_ratio?: number | null;
}

/** 0 where neither is given. */
export const minimumOf = (o: MinimumOptions, base: number): number => o.eta_min ?? base * (o.eta_min_ratio ?? 0);
