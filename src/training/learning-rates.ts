// What moves the learning rates of a run: a list of schedules, or a hook that does it alone.

/** What a checkpoint keeps of a schedule. */
export interface ScheduleState {
  steps: { last: number; global: number }[];
  lr: number[];
}

export interface LearningRates {
  afterIteration(): void;
  afterEpoch(): void;
  state(): ScheduleState;
  restore(state: ScheduleState): void;
}

/** A parameter group as these rules see it. */
export interface RatedGroup {
  lr: number;
  readonly initialLr: number;
  /** Momentum of this group alone, where it differs from the optimizer's. */
  momentum?: number;
  /** What it holds, where the optimizer was built by YOLOv5OptimizerConstructor. */
  role?: 'weight' | 'norm' | 'bias';
}

/** @param momentum the optimizer's */
export type LearningRatePlan = (
  groups: readonly RatedGroup[],
  epochLength: number,
  momentum: number | undefined,
) => LearningRates;
