// Training of the tiny detector in one call: every test of loops and hooks says only what is different in it.

import { CallbackHook, type TrainCallbacks } from '../../src/training/hooks/callback-hook';
import { CheckpointHook, type CheckpointOptions } from '../../src/training/hooks/checkpoint-hook';
import { EvaluationHook } from '../../src/training/hooks/evaluation-hook';
import { LoggerHook } from '../../src/training/hooks/logger-hook';
import { EpochBasedTrainLoop } from '../../src/training/loops/epoch-based';
import { IterBasedTrainLoop } from '../../src/training/loops/iter-based';
import type { EvaluationSchedule } from '../../src/training/loops/loop-plan';
import { type TrainOptions, type TrainResult, train } from '../../src/training/train';
import type { Evaluate } from '../../src/training/train-run';
import { type TinyDetector, tinyDetector, tinyLoader } from './tiny-detector';

/** Warm-up and clipping, which all runs have. */
export const tinyOptimWrapper = {
  type: 'OptimWrapper',
  optimizer: { type: 'SGD', lr: 0.05, momentum: 0.9, weight_decay: 0.001 },
  clip_grad: { max_norm: 0.5 },
};
const warmUp = { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 4 };
/** And a milestone after the second epoch of five batches, by epochs or iterations. */
const EPOCHS = [warmUp, { type: 'MultiStepLR', milestones: [2], by_epoch: true }];
const ITERATIONS = [warmUp, { type: 'MultiStepLR', milestones: [10], by_epoch: false }];

export interface TinyRun extends Partial<Omit<TrainOptions, 'detector'>> {
  detector?: TinyDetector;
  epochs?: number;
  /** In place of epochs. */
  iterations?: number;
  evaluate?: Evaluate;
  evaluation?: Partial<EvaluationSchedule>;
  checkpoint?: CheckpointOptions;
  callbacks?: TrainCallbacks;
  logInterval?: number;
}

export async function trainTiny({
  detector = tinyDetector(),
  epochs = 3,
  iterations,
  evaluate,
  evaluation,
  checkpoint,
  callbacks = {},
  logInterval = 2,
  hooks = [],
  defaultHooks,
  ...options
}: TinyRun = {}): Promise<{ detector: TinyDetector; result: TrainResult }> {
  const when = { begin: 1, interval: 1, ...evaluation };
  const result = await train({
    optimWrapper: tinyOptimWrapper,
    paramScheduler: iterations === undefined ? EPOCHS : ITERATIONS,
    seed: 7,
    loader: tinyLoader(),
    loop: iterations === undefined ? new EpochBasedTrainLoop(epochs, when) : new IterBasedTrainLoop(iterations, when),
    ...options,
    detector,
    defaultHooks: { logger: new LoggerHook(logInterval), checkpoint: new CheckpointHook(checkpoint), ...defaultHooks },
    hooks: [new CallbackHook(callbacks), ...(evaluate ? [new EvaluationHook(evaluate)] : []), ...hooks],
  });
  return { detector, result };
}
