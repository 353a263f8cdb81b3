// What MMYOLO's hooks share whose own rates replace `param_scheduler`: iterations of the warm-up are `warmup_epochs`, at least a
// minimum whose option each names in its own way.

import type { LearningRates, RatedGroup } from '../learning-rates';
import type { TrainRun } from '../train-run';
import { ParamSchedulerHook } from './param-scheduler-hook';

export const warmUpIterations = (epochs: number, epochLength: number, minimum: number): number =>
  Math.max(Math.round(epochs * epochLength), minimum);

export abstract class OwnRatesHook<
  Minimum extends string,
  Options extends { warmup_epochs: number } & Record<Minimum, number>,
> extends ParamSchedulerHook {
  readonly unit = 'epoch';
  override readonly warmUpOptions: string;

  protected constructor(
    readonly options: Options,
    private readonly minimum: Minimum,
  ) {
    super();
    this.warmUpOptions = `warmup_epochs and ${minimum} of default_hooks.param_scheduler`;
  }

  abstract override rates(groups: readonly RatedGroup[], epochLength: number, momentum?: number): LearningRates;

  /** The same hook, but for its priority, with other options. */
  protected abstract withOptions(options: Options): ParamSchedulerHook;

  beforeRun({ loader, state }: TrainRun): void {
    const { momentum, optimizer } = state.wrapper;
    state.schedule = this.rates(optimizer.groups, loader.length, momentum);
  }

  override warmUp(epochLength: number): number {
    return warmUpIterations(this.options.warmup_epochs, epochLength, this.options[this.minimum]);
  }

  override withWarmUp(iterations: number, epochLength: number): ParamSchedulerHook {
    const hook = this.withOptions({
      ...this.options,
      warmup_epochs: iterations / epochLength,
      [this.minimum]: 0,
    });
    hook.priority = this.priority;
    return hook;
  }
}
