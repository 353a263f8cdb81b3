// Where a run goes on from a checkpoint, also with batches of another size, and its learning rates there by the plan of now.

import type { ScalarRecord } from './history';
import type { LearningRates } from './learning-rates';
import type { LoopPlan } from './loops/loop-plan';

export interface Position {
  /** Whole epochs done, and batches done in the epoch after them. */
  epoch: number;
  iteration: number;
  /** Batches done since the start. */
  step: number;
}

/**
 * The position of a run whose epochs have `length` batches and had `before`. A run of epochs goes on after the same share of
 * its images, one of iterations after the same number of them.
 */
export function positionWith(length: number, before: number, unit: LoopPlan['unit'], saved: Position): Position {
  const { epoch, iteration, step } = saved;
  if (length === before) return { epoch, iteration, step };
  if (unit === 'iteration') return { epoch: Math.floor(step / length), iteration: step % length, step };
  const done = Math.floor((iteration * length) / before);
  return { epoch, iteration: done, step: epoch * length + done };
}

/**
 * Moves a schedule from the start of a run to a position in it, step by step: rates chain, so no formula gives them.
 * @param evaluations those made until then, for rules that follow them
 */
export function replay(
  schedule: LearningRates,
  length: number,
  unit: LoopPlan['unit'],
  at: Position,
  evaluations: readonly ScalarRecord[] = [],
): void {
  const epochs = unit === 'epoch' ? at.epoch : 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; i < length; i++) schedule.afterIteration();
    schedule.afterEpoch();
    const evaluation = evaluations.find(({ step }) => step === epoch + 1);
    if (evaluation) schedule.afterEvaluation?.(evaluation);
  }
  for (let i = epochs * length; i < at.step; i++) schedule.afterIteration();
}
