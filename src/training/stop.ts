// What is said of a run that was stopped: where, what is kept, and the words that go on.

import type { LoopPlan } from './loops/loop-plan';
import type { Position } from './position';

export interface Stop {
  /** `stopped in epoch 2 of 12, after 37 of 120 iterations`. */
  where: string;
  /** Folder of the checkpoint to go on from; absent where nothing is written. */
  checkpoint?: string;
}

/** @param epochLength iterations of an epoch */
export function stopOf({ unit, total }: LoopPlan, epochLength: number, at: Position, checkpoint?: string): Stop {
  return { where: `stopped ${placeOf(unit, total, epochLength, at)}`, checkpoint };
}

function placeOf(unit: LoopPlan['unit'], total: number, epochLength: number, at: Position): string {
  if (at.step === 0) return 'before the first iteration';
  if (unit === 'iteration') return `after iteration ${at.step} of ${total}`;
  if (at.iteration === 0) return `after epoch ${at.epoch} of ${total}`;
  return `in epoch ${at.epoch + 1} of ${total}, after ${at.iteration} of its ${epochLength} iterations`;
}

/** What is kept, and how to go on. */
export function wayOn({ checkpoint }: Stop): string {
  return checkpoint === undefined
    ? 'the model is kept in memory alone (run.model): without a workDir and a step there is no checkpoint to go on from'
    : `kept: run.model and ${checkpoint}; go on with fit(..., { resume: true }), on the command line --resume`;
}
