// How far a run is, and everything else that a checkpoint keeps of it: counters, optimizer, learning rates, random stream,
// smoothed scalars and history.

import type { Module, StateDict } from '../nn/module';
import { Random } from '../random';
import type { CheckpointContents, TrainingState } from './checkpoint';
import { type History, type ScalarRecord, SmoothedScalars } from './history';
import type { LearningRates } from './learning-rates';
import type { LoopPlan } from './loops/loop-plan';
import type { OptimWrapper } from './optim-wrapper';
import { positionWith, replay } from './position';

export interface RunSettings {
  seed: number;
  batchesPerEpoch: number;
  /** Training images, where the loader counts them. */
  images?: number;
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
        ...(settings.images !== undefined && { images: settings.images }),
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

  /**
   * Goes on from what `save` gave, the model excepted. Learning rates are this run's: those of the checkpoint where both runs
   * have the same plan, else those that a run of this plan has at this point.
   */
  restore(state: TrainingState, optimizer: StateDict): void {
    const { batchesPerEpoch: length, unit } = this.settings;
    const position = positionWith(length, state.batchesPerEpoch, unit, state);
    const counters = { ...state.optimizer, inner: position.step };
    this.wrapper.restore(state.withoutOptimizer ? undefined : optimizer, counters);
    const { plan } = this.schedule;
    if (state.schedule && (plan === undefined || plan === state.schedule.plan)) this.schedule.restore(state.schedule);
    else replay(this.schedule, length, unit, position, state.history.evaluations);
    this.random.restore(state.random);
    this.smoothed.restore(state.smoothing);
    this.history.train.push(...this.renumbered(state));
    this.history.evaluations.push(...state.history.evaluations);
    ({ epoch: this.epoch, iteration: this.iteration, step: this.step } = position);
  }

  /** The log of a run with other batches, its iterations counted in batches of now, so that the history is in order. */
  private renumbered({ batchesPerEpoch, history }: TrainingState): ScalarRecord[] {
    const { batchesPerEpoch: length, unit } = this.settings;
    if (unit === 'iteration' || batchesPerEpoch === length) return history.train;
    const now = (count: number) => Math.round((count * length) / batchesPerEpoch);
    return history.train.map((entry) => ({ ...entry, iter: now(entry.iter), step: now(entry.step) }));
  }
}
