// The weights of the best evaluation, put back at the end of a run with patience: from the checkpoint `best` of its folder, or
// from memory where nothing is written.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Detector } from '../models/types';
import type { StateDict } from '../nn/module';
import { readCheckpoint } from './checkpoint';
import { AUTO, firstMetric } from './history';
import type { TrainHook } from './hooks/hook';
import { PRIORITIES } from './hooks/priority';
import { type MetricRule, ruleOfMetric } from './metric-rule';
import type { BestEvaluation } from './train';
import type { TrainRun } from './train-run';

export class BestWeightsHook implements TrainHook {
  readonly name = 'BestWeightsHook';
  /** The weights that were evaluated: before EMAHook puts those being trained in their place. */
  priority: number = PRIORITIES.HIGHEST;
  private best?: { value: number; at: number; weights: StateDict };

  constructor(
    private readonly monitor: string,
    /** By the name of the metric when absent. */
    private readonly rule?: MetricRule,
  ) {}

  /** The value of an evaluation that is better than the best `before` it, or undefined; of equal ones the first stays. */
  improvement(metrics: Record<string, number>, before: number | undefined): number | undefined {
    const name = this.monitor === AUTO ? firstMetric(metrics)?.name : this.monitor;
    const value = name === undefined ? undefined : metrics[name];
    if (name === undefined || value === undefined) return undefined;
    const smaller = (this.rule ?? ruleOfMetric(name)) === 'less';
    return before === undefined || (smaller ? value < before : value > before) ? value : undefined;
  }

  afterVal({ detector, done, workDir }: TrainRun, metrics: Record<string, number> | undefined): void {
    const value = metrics && this.improvement(metrics, this.best?.value);
    if (workDir !== undefined || value === undefined) return;
    this.best = { value, at: done, weights: detector.stateDict() };
  }

  /**
   * Loads the weights of evaluation `at` into the model, which the run has left.
   * @returns false where they are not kept
   */
  putBack(detector: Detector, at: BestEvaluation, workDir: string | undefined): boolean {
    const weights = workDir === undefined ? this.keptAt(at) : savedAt(at, path.join(workDir, 'checkpoints', 'best'));
    if (!weights) return false;
    detector.loadStateDict(weights);
    this.best = undefined;
    return true;
  }

  private keptAt({ epoch, iteration }: BestEvaluation): StateDict | undefined {
    return this.best?.at === (iteration ?? epoch) ? this.best.weights : undefined;
  }
}

/** The folder may hold an older best: of a run that was killed before it was written. */
function savedAt({ epoch, iteration }: BestEvaluation, folder: string): StateDict | undefined {
  if (!existsSync(folder)) return undefined;
  const { model, state } = readCheckpoint(folder);
  return (iteration === undefined ? state.epoch === epoch : state.step === iteration) ? model : undefined;
}
