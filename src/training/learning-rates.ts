// The contract of a learning-rate schedule: `param_scheduler`, or the rule of a hook.

/** What a checkpoint keeps of a schedule. */
export interface ScheduleState {
  steps: { last: number; global: number }[];
  lr: number[];
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
  state(): ScheduleState;
  restore(state: ScheduleState): void;
}

/** A parameter group, as schedules see it. */
export interface RatedGroup {
  lr: number;
  readonly initialLr: number;
  /** Momentum of this group, where it differs from the optimizer's. */
  momentum?: number;
  /** Kind of its parameters, where the groups are YOLOv5OptimizerConstructor's. */
  role?: 'weight' | 'norm' | 'bias';
}
