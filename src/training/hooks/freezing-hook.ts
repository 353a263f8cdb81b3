// Freezes and unfreezes parts of the model at the epochs that freezing rules name.

import { applyFreezing, type FreezeRule, freezingText } from '../freezing';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES } from './priority';

export class FreezingHook implements TrainHook {
  readonly name = 'FreezingHook';
  readonly unit?: 'epoch';
  priority: number = PRIORITIES.VERY_HIGH;

  /** @param rules those of the first epoch have been applied by the caller */
  constructor(private readonly rules: readonly FreezeRule[]) {
    if (rules.some(({ epoch = 1 }) => epoch > 1)) this.unit = 'epoch';
  }

  /** A resumed run catches up with the epochs done, and with the one in hand. */
  beforeTrain({ detector, state }: TrainRun): void {
    const begun = state.iteration > 0 ? state.epoch + 1 : state.epoch;
    for (let epoch = 2; epoch <= begun; epoch++) applyFreezing(detector, this.rules, epoch);
  }

  beforeTrainEpoch(run: TrainRun): void {
    const { detector, state } = run;
    if (state.iteration > 0 || state.epoch === 0) return;
    for (const rule of applyFreezing(detector, this.rules, state.epoch + 1))
      run.log(`epoch ${state.epoch + 1}: ${freezingText(rule)} ${rule.frozen ? 'is frozen' : 'trains'} from here on`);
  }
}
