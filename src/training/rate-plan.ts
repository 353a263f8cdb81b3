// The learning rates and momentum of a run before it runs: its own schedule, stepped through without a model's weights, and
// what happens when (evaluations, checkpoints, freezing), by the rules of its loop and hooks.

import type { ModuleConfig, Registry } from '../catalogue/registry';
import type { Module } from '../nn/module';
import { everTrained, type FreezeRule, freezingText } from './freezing';
import { CheckpointHook } from './hooks/checkpoint-hook';
import type { DefaultHooks } from './hooks/default-hooks';
import { ParamSchedulerHook } from './hooks/param-scheduler-hook';
import type { RatedGroup } from './learning-rates';
import { isEvaluationDue, type LoopPlan } from './loops/loop-plan';
import { type OptimWrapperConfig, plannedGroups } from './optim-wrapper';
import { Schedule, scheduleFactories } from './schedule';

export interface RateSeries {
  /** Which parameters: `all`, `bias`, `0.1 × backbone.*`. */
  name: string;
  /** Number of parameter tensors. */
  tensors: number;
  /** Rate of each iteration of the run. */
  lr: Float64Array;
  /** Momentum of each iteration, where it is scheduled. */
  momentum?: Float64Array;
}

export interface PlannedEvent {
  kind: 'freezing' | 'evaluation' | 'checkpoint';
  /** Iterations done by then. */
  step: number;
  text: string;
}

export interface RatePlan {
  unit: LoopPlan['unit'];
  /** Epochs or iterations, as `unit` says. */
  total: number;
  /** Iterations of an epoch. */
  epochLength: number;
  /** The first is what the log shows; the others are parameters with other rates. */
  series: RateSeries[];
  events: PlannedEvent[];
  /** False where a hook that is not known here moves the rates. */
  isComplete: boolean;
  /** Whether evaluations may lower the rates, which are drawn as if they did not. */
  followsEvaluations: boolean;
}

export interface RatePlanOptions {
  /** Its parameters are named; their values do not matter. */
  detector: Module;
  loop: LoopPlan;
  /** Iterations of an epoch. */
  epochLength: number;
  optimWrapper: OptimWrapperConfig;
  paramScheduler: readonly ModuleConfig[];
  defaultHooks: DefaultHooks;
  freezing: readonly FreezeRule[];
  /** Whether there are validation images. */
  evaluates: boolean;
  registry: Registry;
}

/** @throws DetLabError as a run does for an optimizer or schedule that it cannot use */
export function ratePlan(options: RatePlanOptions): RatePlan {
  const { detector, loop, epochLength: length, paramScheduler, registry } = options;
  const hook = options.defaultHooks.param_scheduler;
  const { groups, momentum, scheduledMomentum } = plannedGroups(
    detector,
    options.optimWrapper,
    registry,
    everTrained(detector, options.freezing),
  );
  const distinct = distinctGroups(groups);
  const rated = distinct.map(({ group }) => group);
  const factories = scheduleFactories(paramScheduler, { loop, length, registry });
  const schedule =
    (hook instanceof ParamSchedulerHook ? hook.rates(rated, length, momentum) : undefined) ??
    new Schedule(factories, rated, length, paramScheduler, scheduledMomentum);
  const isMoved = hook instanceof ParamSchedulerHook;
  const followsEvaluations = isMoved && factories.some((factory) => factory(length).plateau);
  const total = loop.unit === 'epoch' ? loop.total * length : loop.total;
  const series = distinct.map(({ name, tensors }): RateSeries & { momenta: Float64Array } => ({
    name,
    tensors,
    lr: new Float64Array(total),
    momenta: new Float64Array(total),
  }));
  for (let step = 0; step < total; step++) {
    for (const [i, group] of rated.entries()) {
      series[i].lr[step] = group.lr;
      series[i].momenta[step] = group.momentum ?? Number.NaN;
    }
    if (isMoved) schedule.afterIteration();
    if (isMoved && loop.unit === 'epoch' && (step + 1) % length === 0) schedule.afterEpoch();
  }
  return {
    unit: loop.unit,
    total: loop.total,
    epochLength: length,
    series: series.map(({ momenta, ...one }) => (Number.isNaN(momenta[0]) ? one : { ...one, momentum: momenta })),
    events: [...freezingEvents(options), ...loopEvents(options, total)].sort((a, b) => a.step - b.step),
    isComplete: isMoved || /^no .* hook$/.test(hook.name),
    followsEvaluations,
  };
}

/** One group for each rate that parameters start from; that of the first parameter comes first, as in the log. */
function distinctGroups(groups: readonly (RatedGroup & { name: string })[]) {
  const kinds = new Map<string, { group: RatedGroup; names: string[] }>();
  for (const { lr, initialLr, role, name, weightDecay } of groups) {
    // norms and weights move alike
    const key = `${initialLr} ${role === 'bias'}`;
    const kind = kinds.get(key) ?? { group: { lr, initialLr, role, weightDecay }, names: [] };
    kind.names.push(name);
    kinds.set(key, kind);
  }
  const base = Math.max(...groups.map(({ initialLr }) => initialLr));
  return [...kinds.values()].map(({ group, names }) => ({
    group,
    tensors: names.length,
    name: kinds.size === 1 ? 'all' : kindName(group, names, base),
  }));
}

function kindName({ initialLr, role }: RatedGroup, names: readonly string[], base: number): string {
  if (role) return role === 'bias' ? 'biases' : 'weights and norms';
  const tops = [...new Set(names.map((name) => name.split('.')[0]))];
  const biases = names.every((name) => name.endsWith('.bias')) ? ' (biases)' : '';
  return `${Number((initialLr / base).toPrecision(3))} × ${tops.slice(0, 3).join(', ')}${tops.length > 3 ? ', …' : ''}${biases}`;
}

function freezingEvents({ freezing, loop, epochLength }: RatePlanOptions): PlannedEvent[] {
  return freezing
    .filter(({ epoch = 1 }) => epoch === 1 || (loop.unit === 'epoch' && epoch <= loop.total))
    .map((rule) => ({
      kind: 'freezing',
      step: ((rule.epoch ?? 1) - 1) * epochLength,
      text: `${freezingText(rule)} ${rule.frozen ? 'is frozen' : 'trains'} from ${(rule.epoch ?? 1) > 1 ? `epoch ${rule.epoch} on` : 'the start'}`,
    }));
}

function loopEvents({ defaultHooks, epochLength, evaluates, loop }: RatePlanOptions, total: number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const saver = defaultHooks.checkpoint instanceof CheckpointHook ? defaultHooks.checkpoint : undefined;
  const inEpochs = loop.unit === 'epoch';
  for (let step = 1; step <= total; step++) {
    const epoch = Math.floor(step / epochLength);
    const ends = step % epochLength === 0;
    const position = { step, epoch, iteration: ends ? epochLength : step % epochLength };
    const where = inEpochs && ends ? `epoch ${epoch}` : `iteration ${step}`;
    const saves =
      saver?.isDueAfterIteration(loop, epochLength, position) || (ends && saver?.isDueAfterEpoch(loop, position));
    if (evaluates && (inEpochs ? ends && isEvaluationDue(loop, epoch) : isEvaluationDue(loop, step)))
      events.push({ kind: 'evaluation', step, text: `evaluation after ${where}` });
    if (saves) events.push({ kind: 'checkpoint', step, text: `checkpoint after ${where}` });
  }
  return events;
}
