// The contract of a learning-rate schedule: `param_scheduler`, or the rule of a hook.

import type { PlateauState, ScheduledName } from './schedules/schedule-rule';

/** What a checkpoint keeps of a schedule. */
export interface ScheduleState {
  steps: { last: number; global: number; plateau?: PlateauState }[];
  lr: number[];
  /** Of each group: momentum and weight decay, where they are scheduled. */
  others?: Partial<Record<ScheduledName, number[]>>;
  /** Of the schedule that gave them; absent in older checkpoints. */
  plan?: string;
}

export interface LearningRates {
  /**
   * All that the rates follow from (rules, first rates, batches per epoch), to compare with a checkpoint's: rates of another
   * plan are not taken over. Without it they always are.
   */
  readonly plan?: string;
  afterIteration(): void;
  afterEpoch(): void;
  /** What follows the metrics of evaluations. */
  afterEvaluation?(metrics: Readonly<Record<string, number>>): void;
  state(): ScheduleState;
  restore(state: ScheduleState): void;
}

/** A parameter group, as schedules see it. */
export interface RatedGroup {
  lr: number;
  readonly initialLr: number;
  /** Momentum of this group, where it differs from the optimizer's; of Adam its first beta. */
  momentum?: number;
  weightDecay?: number;
  /** Kind of its parameters, where the groups are YOLOv5OptimizerConstructor's. */
  role?: 'weight' | 'norm' | 'bias';
}
