// CheckpointHook (mmengine): saves the whole state of the run every so many epochs or iterations, at its end and when it is
// interrupted, and the best models on the side. Its options in a config are in checkpoint-hook-options.ts.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { canInterrupt } from '../../engine/interruption';
import { DetLabError, didYouMean } from '../../errors';
import { type BestMetric, bestMetrics } from '../best-metrics';
import { type CheckpointContents, SOURCE_PREFIX } from '../checkpoint';
import { type CheckpointNaming, checkpointNaming } from '../checkpoint-naming';
import { CheckpointWriter } from '../checkpoint-writer';
import { AUTO, bestEvaluation } from '../history';
import type { LoopPlan } from '../loops/loop-plan';
import type { MetricKeys, MetricRule } from '../metric-rule';
import type { Position } from '../position';
import { type Published, publishWeights } from '../publish-weights';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES } from './priority';

export interface CheckpointOptions {
  /** Epochs between two checkpoints (1); the end of the run always leaves one. */
  interval?: number;
  /** Also every so many iterations. A run counted in iterations knows these alone. */
  everyIterations?: number;
  /** How many are kept; -1 (the default): all. */
  maxKeep?: number;
  /** Metric whose best model is kept as `best`; 'auto': the first of the evaluation. Of several, each has a folder. */
  saveBest?: string | readonly string[];
  /** Whether larger or smaller values of it (of each) are better; by its name when left out: AP greater, loss less. */
  rule?: MetricRule | readonly MetricRule[];
  /** Parts of names of metrics of which larger or smaller values are better, in place of mmengine's. */
  keys?: MetricKeys;
  /** Epochs (or iterations) before the first checkpoint is due. */
  saveBegin?: number;
  /** False: the end of a whole run is saved only where a checkpoint is due. */
  saveLast?: boolean;
  /** False: without the optimizer's tensors; a run that goes on from there starts its momentum anew. */
  saveOptimizer?: boolean;
  /** False: without the state of the schedule; a run that goes on counts it up to there. */
  saveSchedule?: boolean;
  /** Folder in which the checkpoints are, under the name of the run's folder, which then has a link to them. */
  outDir?: string;
  /** Names of the checkpoints, `{}` for the epoch or iteration: 'model_{}'. */
  nameTemplate?: string;
  /** Also writes the last and the best weights as `.pth` named by their hash, with these keys. */
  publish?: readonly Published[];
}

/** How long a run that was stopped waits for its last checkpoint. */
const STOPPED_WRITE_MS = 200;

export class CheckpointHook implements TrainHook {
  readonly name = 'CheckpointHook';
  priority: number = PRIORITIES.VERY_LOW;
  private writer?: CheckpointWriter;
  private firstStep = 0;
  private writesOn = false;
  private readonly best: readonly BestMetric[];
  readonly naming: CheckpointNaming;

  /** @throws DetLabError for a metric of which it is not clear which values are better */
  constructor(readonly options: CheckpointOptions = {}) {
    this.best = bestMetrics(options);
    this.naming = checkpointNaming(options.nameTemplate, options.everyIterations === undefined ? 'epoch' : 'iteration');
  }

  /** What the run is judged by: the first metric whose best model is kept. */
  get firstBest(): Pick<BestMetric, 'metric' | 'rule'> {
    return this.best[0] ?? { metric: AUTO };
  }

  /** The last checkpoint written, `best` excepted. */
  get lastDirectory(): string | undefined {
    return this.writer?.lastDirectory;
  }

  beforeTrain(run: TrainRun): void {
    this.firstStep = run.state.step;
    if (run.workDir === undefined) return;
    const root = path.join(run.workDir, 'checkpoints');
    const naming = { ...this.naming, keep: this.options.maxKeep ?? -1 };
    this.writer = new CheckpointWriter(root, naming, (directory) => run.checkpointSaved(directory));
  }

  private isIterationDue(step: number): boolean {
    const { everyIterations } = this.options;
    return everyIterations !== undefined && this.isDue(step, everyIterations);
  }

  /** As mmengine counts: every `interval` from `saveBegin` on; an infinite one is never due. */
  private isDue(done: number, interval: number): boolean {
    if (!Number.isFinite(interval)) return false;
    const counted = done - (this.options.saveBegin ?? 0);
    return counted >= 0 && counted % interval === 0;
  }

  private isLast(done: number, total: number): boolean {
    return done === total && this.options.saveLast !== false;
  }

  /** Whether the end of an iteration is saved, at `step` iterations, of which `iteration` in the epoch of `length`. */
  isDueAfterIteration(loop: LoopPlan, length: number, { step, iteration }: Position): boolean {
    // the epoch that ends with this iteration is saved as one
    if (loop.unit === 'epoch' && iteration === length) return false;
    return this.isIterationDue(step) || (loop.unit === 'iteration' && this.isLast(step, loop.total));
  }

  /** Whether the end of `epoch` is saved, at `step` iterations. */
  isDueAfterEpoch(loop: LoopPlan, { epoch, step }: Position): boolean {
    if (loop.unit === 'iteration') return false;
    const { interval = 1 } = this.options;
    return this.isDue(epoch, interval) || this.isLast(epoch, loop.total) || this.isIterationDue(step);
  }

  async afterTrainIter(run: TrainRun): Promise<void> {
    if (this.isDueAfterIteration(run.loop, run.loader.length, run.state)) await this.save(run);
  }

  async afterTrainEpoch(run: TrainRun): Promise<void> {
    if (this.isDueAfterEpoch(run.loop, run.state)) await this.save(run);
  }

  async afterVal(run: TrainRun, metrics: Record<string, number> | undefined): Promise<void> {
    if (!metrics) return;
    for (const { metric, rule, folder } of this.best) {
      if (metric !== AUTO && !(metric in metrics))
        throw new DetLabError(
          `Cannot keep the best model by "${metric}" (save_best): the evaluation has no such metric.` +
            `${didYouMean(metric, Object.keys(metrics))} It has ${Object.keys(metrics).join(', ')}`,
        );
      if (bestEvaluation(run.state.history, metric, rule)?.at === run.done) await this.save(run, folder);
    }
  }

  async afterTrain(run: TrainRun): Promise<void> {
    const { interrupted, state } = run;
    if (interrupted) await this.shareOrForget(run);
    const isSaved = this.writer?.lastStep === state.step || (this.options.saveLast === false && !interrupted);
    const hurries = interrupted && canInterrupt(run.signal);
    if (this.writer && !isSaved && state.step > this.firstStep)
      await this.writer.save(this.reduced(await run.checkpoint({ deferred: hurries })));
    if (hurries) await this.writeOn(run);
    else await this.writer?.finished();
    if (!interrupted) await this.publish(run);
  }

  /** Without what is not to be saved. */
  private reduced(contents: CheckpointContents): CheckpointContents {
    const { saveOptimizer = true, saveSchedule = true } = this.options;
    if (!saveSchedule) delete contents.state.schedule;
    if (!saveOptimizer) {
      contents.state.withoutOptimizer = true;
      // the weights being trained, where the model is their average, are not the optimizer's
      for (const name of contents.optimizer.keys())
        if (!name.startsWith(SOURCE_PREFIX)) contents.optimizer.delete(name);
    }
    return contents;
  }

  private async publish(run: TrainRun): Promise<void> {
    const { publish, saveLast } = this.options;
    const { workDir } = run;
    if (publish === undefined || workDir === undefined) return;
    const best = this.best.map(({ folder }) => path.join(workDir, 'checkpoints', folder)).filter(existsSync);
    const last = saveLast !== false && this.lastDirectory !== undefined ? [this.lastDirectory] : [];
    for (const folder of [...last, ...best]) run.log(`published: ${await publishWeights(folder, publish)}`);
  }

  /** A stopped cell ends before a large checkpoint, or a slow disk, has. */
  private async writeOn(run: TrainRun): Promise<void> {
    const { writer } = this;
    if (!writer || (await writer.finishedWithin(STOPPED_WRITE_MS))) return;
    this.writesOn = true;
    run.log('the checkpoint is still being written: a run that goes on from it waits for that');
    writer.finished().catch((error: Error) => run.log(`the checkpoint could not be written: ${error.message}`));
  }

  /** A failed write was thrown by `afterTrain`, unless something else failed before it. */
  async afterRun(): Promise<void> {
    if (!this.writesOn) await this.writer?.finished().catch(() => {});
  }

  /** Of a stopped run of several processes, where the others may have left: what they had accumulated is then lost. */
  private async shareOrForget(run: TrainRun): Promise<void> {
    const { ranks, state } = run;
    const { wrapper } = state;
    if (!ranks || !wrapper.isInside) return;
    try {
      if (ranks.hasLeft) throw new DetLabError('the other processes have left');
      await ranks.shareAccumulated(wrapper);
    } catch (error) {
      wrapper.replaceAccumulated(undefined);
      run.log(
        `the gradients accumulated since the last step are not in the checkpoint: ${(error as Error).message.split('\n')[0]}`,
      );
    }
  }

  private async save(run: TrainRun, name?: string): Promise<void> {
    await run.ranks?.shareAccumulated(run.state.wrapper);
    await this.writer?.save(this.reduced(await run.checkpoint()), name);
  }
}
