// The warm-up of a run: fitted with the schedule to at most a tenth of the run, or reported where it is as long as the run.

import type { ModuleConfig } from '../catalogue/registry';
import { ParamSchedulerHook } from '../training/hooks/param-scheduler-hook';
import type { RunPlan } from './plan';
import { warmsUp } from './warming-rule';

/** Share of the run that a fitted warm-up takes at most. */
const SHARE = 0.1;

/** Iterations of a warm-up. */
const lengthOf = ({ by_epoch = true, end }: ModuleConfig, epochLength: number): number =>
  by_epoch === false ? Number(end) : Number(end) * epochLength;

/** By whole epochs, and fitted to a single one: its only step would be the first, below the full rate. */
const hasOneStep = ({ by_epoch = true, convert_to_iter_based = false, end }: ModuleConfig): boolean =>
  by_epoch !== false && !convert_to_iter_based && Number(end) < 2;

/**
 * The rules and hooks of a plan for epochs of `epochLength` iterations, and a notice of what changed or is amiss.
 *
 * @example const { paramScheduler } = fitWarmUp(plan, loader.length)
 */
export function fitWarmUp(
  plan: Pick<RunPlan, 'defaultHooks' | 'fitted' | 'loop' | 'paramScheduler'>,
  epochLength: number,
): Pick<RunPlan, 'defaultHooks' | 'paramScheduler' | 'notices'> {
  const { loop, fitted } = plan;
  const iterations = loop.unit === 'epoch' ? loop.total * epochLength : loop.total;
  const tenth = Math.floor(iterations * SHARE);
  const limit = tenth < 2 ? 0 : tenth; // a warm-up of one step would end at its first rate
  const notices: string[] = [];
  /** The new length of a warm-up, where it has one. */
  const shortened = (length: number, where: string): number | undefined => {
    if (fitted && length > limit) {
      notices.push(
        limit === 0
          ? `warm-up of ${length} iterations left out: the whole run has ${iterations}`
          : `warm-up of ${length} iterations shortened to ${limit}, a tenth of the run`,
      );
      return limit;
    }
    if (length >= iterations)
      notices.push(
        `the warm-up takes ${length} iterations and the whole run has ${iterations}: the learning rate stays below its full ` +
          `value. Shorten ${where}`,
      );
    return undefined;
  };
  const paramScheduler = fitRules(plan.paramScheduler, { epochLength, fitted }, shortened);
  const { param_scheduler: hook } = plan.defaultHooks;
  const own = hook instanceof ParamSchedulerHook ? hook.warmUp(epochLength) : 0;
  if (!(hook instanceof ParamSchedulerHook) || own === 0)
    return { defaultHooks: plan.defaultHooks, paramScheduler, notices };
  const length = shortened(own, hook.warmUpOptions);
  if (length === undefined) return { defaultHooks: plan.defaultHooks, paramScheduler, notices };
  const changed = hook.withWarmUp(length, epochLength);
  return { defaultHooks: { ...plan.defaultHooks, param_scheduler: changed }, paramScheduler, notices };
}

/** Iterations of the warm-up of a plan, 0 without one; at most those of the run. */
export function warmUpIterations(
  { defaultHooks, loop, paramScheduler }: Pick<RunPlan, 'defaultHooks' | 'loop' | 'paramScheduler'>,
  epochLength: number,
): number {
  const { param_scheduler: hook } = defaultHooks;
  const total = loop.unit === 'epoch' ? loop.total * epochLength : loop.total;
  const own = hook instanceof ParamSchedulerHook ? hook.warmUp(epochLength) : 0;
  const rules = paramScheduler.filter(warmsUp).map((rule) => lengthOf(rule, epochLength));
  return Math.min(total, Math.max(own, 0, ...rules));
}

/** Without a warm-up that is shortened to nothing; rules that begin where one ended follow it. */
function fitRules(
  rules: readonly ModuleConfig[],
  { epochLength, fitted: isFitted }: { epochLength: number; fitted: boolean },
  shortened: (length: number, where: string) => number | undefined,
): ModuleConfig[] {
  const ends = new Map<number, number>();
  const fitted = rules.flatMap((rule, i) => {
    if (!warmsUp(rule)) return rule;
    const own = lengthOf(rule, epochLength);
    const end = shortened(own, `param_scheduler.${i}.end`) ?? (isFitted && hasOneStep(rule) ? own : undefined);
    if (end === undefined) return rule;
    ends.set(own, end);
    if (end === 0) return [];
    const { convert_to_iter_based: _, ...rest } = rule;
    return { ...rest, by_epoch: false, end };
  });
  return fitted.map((rule) => {
    const begin = rule.by_epoch === false && typeof rule.begin === 'number' ? ends.get(rule.begin) : undefined;
    return begin === undefined ? rule : { ...rule, begin };
  });
}
