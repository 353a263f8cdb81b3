// Evaluates the model when its loop's schedule says so, after everything else of the epoch or iteration.

import { isEvaluationDue } from '../loops/loop-plan';
import type { Evaluate, TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES } from './priority';

export class EvaluationHook implements TrainHook {
  readonly name = 'EvaluationHook';
  /** mmengine's loops evaluate once all hooks are done. */
  priority: number = PRIORITIES.LOWEST + 1;

  constructor(private readonly evaluate: Evaluate) {}

  /** A run that was killed between a checkpoint and its evaluation makes up for it. */
  async beforeTrain(run: TrainRun): Promise<void> {
    if (run.done > 0 && (run.loop.unit === 'iteration' || run.state.iteration === 0)) await this.evaluateIfDue(run);
  }

  async afterTrainIter(run: TrainRun): Promise<void> {
    if (run.loop.unit === 'iteration') await this.evaluateIfDue(run);
  }

  async afterTrainEpoch(run: TrainRun): Promise<void> {
    if (run.loop.unit === 'epoch') await this.evaluateIfDue(run);
  }

  private async evaluateIfDue(run: TrainRun): Promise<void> {
    const { done, loop, state } = run;
    if (!isEvaluationDue(loop, done) || state.history.evaluations.some(({ step }) => step === done)) return;
    await run.validate(this.evaluate);
  }
}
