// The schedules of a run: mmengine's chained schedulers over parameter groups, of learning rates, momentum and weight decay.
// Iteration rules step after every iteration, epoch rules after every epoch; all step once before the first iteration.

import type { ModuleConfig, Registry } from '../catalogue/registry';
import { DetLabError } from '../errors';
import type { LearningRates, ScheduleState } from './learning-rates';
import type { LoopPlan } from './loops/loop-plan';
import type { PlateauState, ScheduledName, ScheduleFactory, ScheduleRule } from './schedules/schedule-rule';

/** Anything with values that a schedule moves. */
export interface Scheduled {
  lr: number;
  readonly initialLr: number;
  momentum?: number;
  weightDecay?: number;
}

/**
 * The rules of `param_scheduler`, for a loop whose epochs have `length` iterations; one without an end ends with the run.
 *
 * @throws DetLabError for a rule that counts epochs in a loop of iterations
 */
export const scheduleFactories = (
  rules: readonly ModuleConfig[],
  { loop, length, registry }: { loop: LoopPlan; length: number; registry: Registry },
): ScheduleFactory[] =>
  rules.map((rule, i) => {
    const path = `param_scheduler.${i}`;
    const iterations = loop.unit === 'iteration' ? loop.total : loop.total * length;
    const total = rule.by_epoch === false ? iterations : Math.ceil(iterations / length);
    const { begin = 0, end = Math.max(total, Number(begin) + 1) } = rule;
    const factory = registry.build('param_scheduler', { ...rule, end }, { path });
    if (loop.unit === 'iteration' && factory(length).byEpoch)
      throw new DetLabError(
        `Cannot train by ${path} (${rule.type}): it counts epochs, and ${loop.type} counts iterations. ` +
          'Give it by_epoch: false and counts of iterations',
      );
    return factory;
  });

/** Where a rule is. */
interface Place {
  last: number;
  global: number;
  plateau?: PlateauState;
}

const currentValue = (group: Scheduled, name: ScheduledName): number | undefined =>
  name === 'lr' ? group.lr : name === 'momentum' ? group.momentum : group.weightDecay;

function setValue(group: Scheduled, name: ScheduledName, value: number): void {
  if (name === 'lr') group.lr = value;
  else if (name === 'momentum') group.momentum = value;
  else group.weightDecay = value;
}

export class Schedule implements LearningRates {
  private readonly rules: ScheduleRule[];
  /** By rule and group: the value that the group started from. */
  private readonly bases: number[][];
  private places: Place[];
  /** What is moved beside the learning rate. */
  private readonly others: ScheduledName[];
  readonly plan: string;

  /**
   * Sets the groups' values for the first iteration.
   * @param configs what the factories were built from
   * @param momentum the optimizer's, where it has one: of Adam its first beta
   * @throws DetLabError for a rule that moves what the optimizer does not have
   */
  constructor(
    factories: readonly ScheduleFactory[],
    private readonly groups: readonly Scheduled[],
    epochLength: number,
    configs: readonly ModuleConfig[] = [],
    momentum?: number,
  ) {
    this.rules = factories.map((factory) => factory(epochLength));
    const spans = this.rules.map(({ begin, end }) => [begin, end]); // an end may be that of the run
    const rates = groups.map(({ initialLr }) => initialLr);
    this.plan = JSON.stringify({ rules: configs, spans, rates, epochLength });
    const parameters = new Set(this.rules.map(({ parameter }) => parameter));
    this.others = [...parameters].filter((name) => name !== 'lr');
    if (parameters.has('momentum')) this.startMomentum(momentum);
    const firsts = groups.map((group): Record<ScheduledName, number> => {
      const { initialLr: lr, momentum: first = 0, weightDecay = 0 } = group;
      return { lr, momentum: first, weight_decay: weightDecay };
    });
    this.places = [];
    this.bases = [];
    // one after the other, as mmengine makes them: each begins with what those before it have done
    for (const [i, { first, parameter, plateau }] of this.rules.entries()) {
      if (first !== undefined) for (const values of firsts) values[parameter] = first;
      this.bases.push(firsts.map((values) => values[parameter]));
      this.places.push({ last: -1, global: 0, ...(plateau && { plateau: { best: null, bad: 0, cooldown: 0 } }) });
      this.step(i);
    }
  }

  private startMomentum(momentum: number | undefined): void {
    if (momentum === undefined)
      throw new DetLabError(
        'Cannot schedule the momentum: the optimizer has none. Use SGD, Adam or AdamW, or leave the momentum schedule out',
      );
    for (const group of this.groups) group.momentum ??= momentum;
  }

  afterIteration(): void {
    for (const [i, rule] of this.rules.entries()) if (!rule.byEpoch) this.step(i);
  }

  afterEpoch(): void {
    for (const [i, rule] of this.rules.entries()) if (rule.byEpoch) this.step(i);
  }

  /** @throws DetLabError when the evaluation has not the metric that a rule follows */
  afterEvaluation(metrics: Readonly<Record<string, number>>): void {
    for (const [i, { begin, end, parameter, plateau }] of this.rules.entries()) {
      const place = this.places[i];
      // the epoch that was evaluated has been counted
      if (!plateau || !place.plateau || place.global - 1 < begin || place.global - 1 >= end) continue;
      if (plateau.judge(place.plateau, metrics))
        for (const group of this.groups) setValue(group, parameter, plateau.lower(currentValue(group, parameter) ?? 0));
    }
  }

  private step(i: number): void {
    const { begin, end, next, parameter } = this.rules[i];
    const place = this.places[i];
    if (begin <= place.global && place.global < end) {
      place.last++;
      for (const [g, group] of this.groups.entries())
        setValue(group, parameter, next(currentValue(group, parameter) ?? 0, place.last, this.bases[i][g]));
    }
    place.global++;
  }

  state(): ScheduleState {
    const others = this.others.map(
      (name) => [name, this.groups.map((group) => currentValue(group, name) ?? 0)] as const,
    );
    return {
      steps: structuredClone(this.places),
      lr: this.groups.map((g) => g.lr),
      ...(others.length > 0 && { others: Object.fromEntries(others) }),
      plan: this.plan,
    };
  }

  restore(state: ScheduleState): void {
    this.places = structuredClone(state.steps);
    for (const [i, group] of this.groups.entries()) {
      group.lr = state.lr[i];
      for (const name of this.others)
        setValue(group, name, state.others?.[name]?.[i] ?? currentValue(group, name) ?? 0);
    }
  }
}
