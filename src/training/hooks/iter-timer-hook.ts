// IterTimerHook (mmengine): seconds of an iteration, and to the end of training. It comes just after NORMAL, mmengine's place
// for it, so that the update of averaged weights is part of the iteration it belongs to.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { TrainRun } from '../train-run';
import type { TrainHook, TrainIteration } from './hook';
import { PRIORITIES, priority } from './priority';

export class IterTimerHook implements TrainHook {
  readonly name = 'IterTimerHook';
  priority: number = PRIORITIES.NORMAL + 1;
  private firstStep = 0;
  private seconds = 0;

  beforeTrain({ state }: TrainRun): void {
    this.firstStep = state.step;
  }

  afterTrainIter({ state, maxIterations }: TrainRun, iteration: TrainIteration): void {
    iteration.time = (performance.now() - iteration.began) / 1000;
    this.seconds += iteration.time;
    iteration.eta = (this.seconds / (state.step - this.firstStep)) * (maxIterations - state.step);
  }
}

export const iterTimerHookDefinition = defineModule({
  kind: 'hook',
  type: 'IterTimerHook',
  summary: 'Times iterations and the wait for data, and estimates the time left; a default hook',
  origin: 'mmengine',
  shapes: 'an iteration -> its times in the log',
  example: "{ type: 'IterTimerHook' }",
  options: z.strictObject({ priority }),
  build: () => new IterTimerHook(),
});
