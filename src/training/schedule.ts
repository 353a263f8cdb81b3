// The learning-rate schedule of a run: mmengine's chained schedulers over parameter groups. Iteration rules step after
// every iteration, epoch rules after every epoch; all step once before the first iteration.

import type { ModuleConfig, Registry } from '../catalogue/registry';
import { DetLabError } from '../errors';
import type { LearningRates, ScheduleState } from './learning-rates';
import type { LoopPlan } from './loops/loop-plan';
import type { ScheduleFactory, ScheduleRule } from './schedules/schedule-rule';

/** Anything with a learning rate that a schedule moves. */
export interface Scheduled {
  lr: number;
  readonly initialLr: number;
}

/**
 * The rules of `param_scheduler`, for a loop whose epochs have `length` iterations.
 *
 * @throws DetLabError for a rule that counts epochs in a loop of iterations
 */
export const scheduleFactories = (
  rules: readonly ModuleConfig[],
  { loop, length, registry }: { loop: LoopPlan; length: number; registry: Registry },
): ScheduleFactory[] =>
  rules.map((rule, i) => {
    const path = `param_scheduler.${i}`;
    const factory = registry.build('param_scheduler', rule, { path });
    if (loop.unit === 'iteration' && factory(length).byEpoch)
      throw new DetLabError(
        `Cannot train by ${path} (${rule.type}): it counts epochs, and ${loop.type} counts iterations. ` +
          'Give it by_epoch: false and counts of iterations',
      );
    return factory;
  });

export class Schedule implements LearningRates {
  private readonly rules: ScheduleRule[];
  private steps: { last: number; global: number }[];
  readonly plan: string;

  /**
   * Sets the groups' learning rates for the first iteration.
   * @param configs what the factories were built from
   */
  constructor(
    factories: readonly ScheduleFactory[],
    private readonly groups: readonly Scheduled[],
    epochLength: number,
    configs: readonly ModuleConfig[] = [],
  ) {
    this.plan = JSON.stringify({ rules: configs, rates: groups.map(({ initialLr }) => initialLr), epochLength });
    this.rules = factories.map((factory) => factory(epochLength));
    this.steps = this.rules.map(() => ({ last: -1, global: 0 }));
    for (const i of this.rules.keys()) this.step(i);
  }

  afterIteration(): void {
    for (const [i, rule] of this.rules.entries()) if (!rule.byEpoch) this.step(i);
  }

  afterEpoch(): void {
    for (const [i, rule] of this.rules.entries()) if (rule.byEpoch) this.step(i);
  }

  private step(i: number): void {
    const rule = this.rules[i];
    const at = this.steps[i];
    if (rule.begin <= at.global && at.global < rule.end) {
      at.last++;
      for (const group of this.groups) group.lr = rule.next(group.lr, at.last, group.initialLr);
    }
    at.global++;
  }

  state(): ScheduleState {
    return { steps: this.steps.map((s) => ({ ...s })), lr: this.groups.map((g) => g.lr), plan: this.plan };
  }

  restore(state: ScheduleState): void {
    this.steps = state.steps.map((s) => ({ ...s }));
    for (const [i, group] of this.groups.entries()) group.lr = state.lr[i];
  }
}
