// StopDistillHook (mmrazor): from some epoch on a student learns from the ground truth alone. A resumed run, too, stops there.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { TrainRun } from '../train-run';
import { epochCount } from './epoch-count';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

export class StopDistillHook implements TrainHook {
  readonly name = 'StopDistillHook';
  readonly unit = 'epoch';
  priority: number = PRIORITIES.LOW;
  private stopped = false;

  constructor(private readonly from: number) {}

  /** The model is what it was: another run distils again. */
  afterRun({ detector }: TrainRun): void {
    if (this.stopped) detector.distil?.(true);
  }

  /** @throws DetLabError for a detector without a teacher that it could stop learning from */
  beforeTrain({ detector }: TrainRun): void {
    if (detector.distil) return;
    throw new DetLabError(
      `Cannot use StopDistillHook: expected a detector that is distilled (SingleTeacherDistill, FpnTeacherDistill), received ` +
        `${detector.constructor.name}, which learns from no distiller`,
    );
  }

  beforeTrainEpoch(run: TrainRun): void {
    if (this.stopped || run.state.epoch < this.from) return;
    this.stopped = true;
    run.detector.distil?.(false);
    run.log(`distillation stops after ${run.state.epoch} epochs: the student learns from the ground truth alone`);
  }
}

export const stopDistillHookDefinition = defineModule({
  kind: 'hook',
  type: 'StopDistillHook',
  summary: 'Has a student learn from the ground truth alone from some epoch on',
  origin: 'mmrazor',
  shapes: 'an epoch -> losses without those of the distiller',
  example: "{ type: 'StopDistillHook', stop_epoch: 280 }",
  options: z.strictObject({
    stop_epoch: epochCount().describe('Epochs done before distillation stops'),
    priority,
  }),
  build: (o) => new StopDistillHook(o.stop_epoch),
});
