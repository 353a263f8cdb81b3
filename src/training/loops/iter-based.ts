// IterBasedTrainLoop (mmengine): so many iterations, over as many passes of the data as they take. To hooks, the whole run is
// one epoch. With InfiniteSampler batches may span two passes; with DefaultSampler every pass begins with a new batch.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Runner } from '../runner';
import type { EvaluationSchedule } from './loop-plan';
import { byEpochOption, evaluationOptions, evaluationSchedule, type TrainLoop } from './train-loop';

export class IterBasedTrainLoop implements TrainLoop {
  readonly type = 'IterBasedTrainLoop';
  readonly unit = 'iteration';

  /** @param total iterations */
  constructor(
    readonly total: number,
    readonly evaluation: EvaluationSchedule = { begin: 1, interval: 1000 },
  ) {}

  async run(runner: Runner): Promise<void> {
    const { detector, hooks, loader, state } = runner;
    await hooks.call('beforeTrain', runner);
    await hooks.call('beforeTrainEpoch', runner);
    while (!runner.stopped) {
      runner.beginEpoch();
      for await (const batch of runner.batches()) {
        // an evaluation may have switched it
        detector.train();
        await runner.iterate(batch);
        await runner.agreeToStop();
        if (runner.stopped) break;
      }
      if (state.iteration === loader.length) state.nextEpoch();
    }
    await hooks.call('afterTrainEpoch', runner);
    await hooks.call('afterTrain', runner);
  }
}

export const iterBasedTrainLoopDefinition = defineModule({
  kind: 'loop',
  type: 'IterBasedTrainLoop',
  summary: 'Trains for so many iterations, evaluating in between',
  origin: 'mmengine',
  shapes: 'a loader of batches -> a trained model',
  example: "{ type: 'IterBasedTrainLoop', max_iters: 90000, val_interval: 10000 }",
  options: z.strictObject({
    max_iters: z.int().positive().describe('Iterations'),
    by_epoch: byEpochOption(false),
    ...evaluationOptions('iteration', 1000),
  }),
  build: ({ max_iters, by_epoch: _, ...evaluation }) =>
    new IterBasedTrainLoop(max_iters, evaluationSchedule(evaluation)),
});
