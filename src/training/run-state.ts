// How far a run is, and everything else that a checkpoint keeps of it: counters, optimizer, learning rates, random stream,
// smoothed scalars and history.

import type { Module, StateDict } from '../nn/module';
import { Random } from '../random';
import type { CheckpointContents, TrainingState } from './checkpoint';
import { type History, SmoothedScalars } from './history';
import type { LearningRates } from './learning-rates';
import type { LoopPlan } from './loops/loop-plan';
import type { OptimWrapper } from './optim-wrapper';

export interface RunSettings {
  seed: number;
  batchesPerEpoch: number;
  unit: LoopPlan['unit'];
  /** Iterations that smoothed scalars are averaged over. */
  logWindow: number;
}

export class RunState {
  /** Whole epochs done, and batches done in the epoch after them. */
  epoch = 0;
  iteration = 0;
  /** Batches done since the start. */
  step = 0;
  readonly history: History = { train: [], evaluations: [] };
  /** Random numbers of the model's samplers. */
  readonly random: Random;
  readonly smoothed: SmoothedScalars;

  /** @param schedule moves the learning rates; a hook may put another in its place before the run */
  constructor(
    readonly wrapper: OptimWrapper,
    public schedule: LearningRates,
    readonly settings: RunSettings,
  ) {
    this.random = Random.seeded(Math.imul(settings.seed + 1, 0x85ebca6b));
    this.smoothed = new SmoothedScalars(settings.logWindow);
  }

  /** One iteration is done. */
  advance(): void {
    this.iteration++;
    this.step++;
  }

  /** All batches of an epoch are done. */
  nextEpoch(): void {
    this.epoch++;
    this.iteration = 0;
  }

  /** @param meta kept as it is */
  save(model: Module, meta: Record<string, unknown>): CheckpointContents {
    const { epoch, iteration, step, wrapper, settings } = this;
    return {
      model: model.stateDict(),
      optimizer: wrapper.stateDict(),
      state: {
        version: 1,
        epoch,
        iteration,
        step,
        batchesPerEpoch: settings.batchesPerEpoch,
        seed: settings.seed,
        precision: wrapper.precision,
        ...(settings.unit === 'iteration' && { unit: settings.unit }),
        random: this.random.state(),
        schedule: this.schedule.state(),
        optimizer: wrapper.counters(),
        smoothing: this.smoothed.state(),
        history: structuredClone(this.history),
        meta,
      },
    };
  }

  /** Goes on from what `save` gave, the model excepted. */
  restore(state: TrainingState, optimizer: StateDict): void {
    this.wrapper.restore(optimizer, state.optimizer);
    this.schedule.restore(state.schedule);
    this.random.restore(state.random);
    this.smoothed.restore(state.smoothing);
    this.history.train.push(...state.history.train);
    this.history.evaluations.push(...state.history.evaluations);
    ({ epoch: this.epoch, iteration: this.iteration, step: this.step } = state);
  }
}
