// ParamSchedulerHook (mmengine): moves the learning rates after every iteration, epoch and evaluation, as `param_scheduler` says.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { LearningRates, RatedGroup } from '../learning-rates';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export class ParamSchedulerHook implements TrainHook {
  readonly name: string = 'ParamSchedulerHook';
  priority: number = PRIORITIES.LOW;

  /** The rates that this hook puts in place of `param_scheduler`, if it does. */
  rates(_groups: readonly RatedGroup[], _epochLength: number, _momentum?: number): LearningRates | undefined {
    return undefined;
  }

  /** Iterations of the warm-up of its own rates. */
  warmUp(_epochLength: number): number {
    return 0;
  }

  /** The options that say how long it is, for messages. */
  readonly warmUpOptions: string = '';

  /** The same hook with another length of its warm-up. */
  withWarmUp(_iterations: number, _epochLength: number): ParamSchedulerHook {
    return this;
  }

  afterTrainIter({ state }: TrainRun): void {
    state.schedule.afterIteration();
  }

  afterTrainEpoch({ state }: TrainRun): void {
    state.schedule.afterEpoch();
  }

  afterVal({ state }: TrainRun, metrics: Record<string, number> | undefined): void {
    if (metrics) state.schedule.afterEvaluation?.(metrics);
  }
}

export const paramSchedulerHookDefinition = defineModule({
  kind: 'hook',
  type: 'ParamSchedulerHook',
  summary: 'Moves learning rates and momentum by param_scheduler; a default hook',
  origin: 'mmengine',
  shapes: 'an iteration, epoch or evaluation -> the next learning rates',
  example: "{ type: 'ParamSchedulerHook' }",
  options: z.strictObject({ priority }),
  build: () => new ParamSchedulerHook(),
});
