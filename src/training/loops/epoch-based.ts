// EpochBasedTrainLoop (mmengine): so many passes over the data, with hooks around every epoch.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Runner } from '../runner';
import type { EvaluationSchedule } from './loop-plan';
import { byEpochOption, evaluationOptions, evaluationSchedule, type TrainLoop } from './train-loop';

export class EpochBasedTrainLoop implements TrainLoop {
  readonly type = 'EpochBasedTrainLoop';
  readonly unit = 'epoch';

  /** @param total epochs */
  constructor(
    readonly total: number,
    readonly evaluation: EvaluationSchedule = { begin: 1, interval: 1 },
  ) {}

  async run(runner: Runner): Promise<void> {
    const { hooks, loader, state } = runner;
    await hooks.call('beforeTrain', runner);
    while (!runner.stopped) {
      await hooks.call('beforeTrainEpoch', runner);
      runner.beginEpoch();
      for await (const batch of runner.batches()) await runner.iterate(batch);
      if (state.iteration < loader.length) break;
      state.nextEpoch();
      await hooks.call('afterTrainEpoch', runner);
      await runner.agreeToStop();
    }
    await hooks.call('afterTrain', runner);
  }
}

export const epochBasedTrainLoopDefinition = defineModule({
  kind: 'loop',
  type: 'EpochBasedTrainLoop',
  summary: 'Trains for so many passes over the data, evaluating in between',
  origin: 'mmengine',
  shapes: 'a loader of batches -> a trained model',
  example: "{ type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 1 }",
  options: z.strictObject({
    max_epochs: z.int().positive().describe('Passes over the data'),
    by_epoch: byEpochOption(true),
    ...evaluationOptions('epoch', 1),
  }),
  build: ({ max_epochs, by_epoch: _, ...evaluation }) =>
    new EpochBasedTrainLoop(max_epochs, evaluationSchedule(evaluation)),
});
