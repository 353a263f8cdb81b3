// Plain functions called during a run, for live displays and for the callbacks of `fit`.

import type { History, ScalarRecord } from '../history';
import type { LoopPlan } from '../loops/loop-plan';
import type { TrainRun } from '../train-run';
import type { TrainHook, TrainIteration } from './hook';
import { PRIORITIES } from './priority';

/** One iteration, for live displays. */
export interface StepEvent {
  /** What the run is counted in: its loop's unit. */
  unit: LoopPlan['unit'];
  /** From 1; in a run counted in iterations, the pass over the data. */
  epoch: number;
  /** From 1, in its epoch. */
  iteration: number;
  step: number;
  maxEpochs: number;
  batchesPerEpoch: number;
  maxSteps: number;
  lr: number;
  /** This iteration's losses, not smoothed. */
  scalars: Record<string, number>;
  /** Seconds of this iteration, and of them the wait for data. */
  time: number;
  dataTime: number;
  /** Seconds to the end of training, evaluations left out. */
  eta: number;
}

/** Awaited when they return a promise. */
export interface TrainCallbacks {
  onStart?(history: History, at: { epoch: number; step: number; maxSteps: number }): void | Promise<void>;
  onStep?(event: StepEvent): void | Promise<void>;
  /** After `record` was added to the history. */
  onRecord?(history: History, record: ScalarRecord): void | Promise<void>;
  onCheckpoint?(directory: string): void | Promise<void>;
  /** Kept in checkpoints; `restore` receives it before `onStart` of a run that goes on. */
  state?(): unknown;
  restore?(state: unknown): void;
}

export class CallbackHook implements TrainHook {
  readonly name = 'CallbackHook';
  /** Timed, and before the logger's line. */
  priority: number = PRIORITIES.BELOW_NORMAL - 1;

  /** Present where the callbacks have a state. */
  readonly state?: () => unknown;

  constructor(private readonly callbacks: TrainCallbacks) {
    if (callbacks.state) this.state = () => callbacks.state?.();
  }

  restore(state: unknown): void {
    this.callbacks.restore?.(state);
  }

  async beforeTrain({ maxIterations, state }: TrainRun): Promise<void> {
    const { epoch, history, step } = state;
    await this.callbacks.onStart?.(history, { epoch, step, maxSteps: maxIterations });
  }

  async afterTrainIter(run: TrainRun, { lr, scalars, time, dataTime, eta }: TrainIteration): Promise<void> {
    const { loader, loop, maxIterations: maxSteps, state } = run;
    await this.callbacks.onStep?.({
      unit: loop.unit,
      epoch: state.epoch + 1,
      iteration: state.iteration,
      step: state.step,
      maxEpochs: Math.ceil(maxSteps / loader.length),
      batchesPerEpoch: loader.length,
      maxSteps,
      lr,
      scalars,
      time,
      dataTime,
      eta,
    });
  }

  async afterRecord({ state }: TrainRun, _list: keyof History, entry: ScalarRecord): Promise<void> {
    await this.callbacks.onRecord?.(state.history, entry);
  }

  async afterSaveCheckpoint(_run: TrainRun, directory: string): Promise<void> {
    await this.callbacks.onCheckpoint?.(directory);
  }
}
