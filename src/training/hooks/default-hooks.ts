// mmengine's default hooks: every run has them, a config (`default_hooks`) may put others in their places.

import { CheckpointHook } from './checkpoint-hook';
import type { TrainHook } from './hook';
import { IterTimerHook } from './iter-timer-hook';
import { LoggerHook } from './logger-hook';
import { ParamSchedulerHook } from './param-scheduler-hook';

/** The places, by their names in `default_hooks`. */
export interface DefaultHooks {
  timer: TrainHook;
  logger: TrainHook;
  param_scheduler: TrainHook;
  checkpoint: TrainHook;
}

export const defaultHooks = (given: Partial<DefaultHooks> = {}): DefaultHooks => ({
  timer: new IterTimerHook(),
  logger: new LoggerHook(),
  param_scheduler: new ParamSchedulerHook(),
  checkpoint: new CheckpointHook(),
  ...given,
});
