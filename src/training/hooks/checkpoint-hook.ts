// CheckpointHook (mmengine): saves the whole state of the run every so many epochs or iterations, at its end and when it is
// interrupted, and the best model on the side.

import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { canInterrupt } from '../../engine/interruption';
import { DetLabError, didYouMean } from '../../errors';
import { CheckpointWriter } from '../checkpoint-writer';
import { AUTO, bestEvaluation } from '../history';
import type { LoopPlan } from '../loops/loop-plan';
import type { Position } from '../position';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';
import { storage } from './storage-option';

export interface CheckpointOptions {
  /** Epochs between two checkpoints (1); the end of the run always leaves one. */
  interval?: number;
  /** Also every so many iterations. A run counted in iterations knows these alone. */
  everyIterations?: number;
  /** How many are kept; -1 (the default): all. */
  maxKeep?: number;
  /** Metric whose best model is kept as `best`; 'auto': the first of the evaluation. */
  saveBest?: string;
  /** Whether larger or smaller values of it are better; 'greater' by default. */
  rule?: 'greater' | 'less';
  /** Epochs (or iterations) before the first checkpoint is due. */
  saveBegin?: number;
  /** False: the end of a whole run is saved only where a checkpoint is due. */
  saveLast?: boolean;
}

/** How long a run that was stopped waits for its last checkpoint. */
const STOPPED_WRITE_MS = 200;

export class CheckpointHook implements TrainHook {
  readonly name = 'CheckpointHook';
  priority: number = PRIORITIES.VERY_LOW;
  private writer?: CheckpointWriter;
  private firstStep = 0;
  private writesOn = false;

  constructor(readonly options: CheckpointOptions = {}) {}

  /** The last checkpoint written, `best` excepted. */
  get lastDirectory(): string | undefined {
    return this.writer?.lastDirectory;
  }

  beforeTrain(run: TrainRun): void {
    this.firstStep = run.state.step;
    if (run.workDir === undefined) return;
    const root = path.join(run.workDir, 'checkpoints');
    this.writer = new CheckpointWriter(root, this.options.maxKeep ?? -1, (directory) => run.checkpointSaved(directory));
  }

  private isIterationDue(step: number): boolean {
    const { everyIterations } = this.options;
    return everyIterations !== undefined && this.isDue(step, everyIterations);
  }

  /** As mmengine counts: every `interval` from `saveBegin` on. */
  private isDue(done: number, interval: number): boolean {
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
    const { saveBest, rule } = this.options;
    if (!metrics || saveBest === undefined) return;
    if (saveBest !== AUTO && !(saveBest in metrics))
      throw new DetLabError(
        `Cannot keep the best model by "${saveBest}" (save_best): the evaluation has no such metric.` +
          `${didYouMean(saveBest, Object.keys(metrics))} It has ${Object.keys(metrics).join(', ')}`,
      );
    if (bestEvaluation(run.state.history, saveBest, rule)?.at === run.done) await this.save(run, 'best');
  }

  async afterTrain(run: TrainRun): Promise<void> {
    const { interrupted, state } = run;
    const isSaved = this.writer?.lastStep === state.step || (this.options.saveLast === false && !interrupted);
    const hurries = interrupted && canInterrupt(run.signal);
    if (this.writer && !isSaved && state.step > this.firstStep)
      await this.writer.save(await run.checkpoint({ deferred: hurries }));
    if (hurries) await this.writeOn(run);
    else await this.writer?.finished();
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

  private async save(run: TrainRun, name?: string): Promise<void> {
    await this.writer?.save(await run.checkpoint(), name);
  }
}

const rule = z.enum(['greater', 'less']);
type Rule = z.output<typeof rule>;

export const checkpointHookDefinition = defineModule({
  kind: 'hook',
  type: 'CheckpointHook',
  summary:
    'Saves the whole state of the run every interval epochs or iterations, and the best model if asked; a default hook',
  origin: 'mmengine',
  shapes: 'the state of the run -> a folder with weights, optimizer and schedule',
  example: "{ type: 'CheckpointHook', interval: 1, max_keep_ckpts: 3, save_best: 'auto' }",
  options: z.strictObject({
    interval: z
      .union([z.int().positive(), z.literal(-1)])
      .default(1)
      .describe('Epochs between two checkpoints; iterations with by_epoch: false; -1: at the end of the run only'),
    by_epoch: z.boolean().default(true).describe('Whether interval counts epochs; false: iterations'),
    max_keep_ckpts: z.int().optional().describe('How many of the newest are kept; -1: all. 1 when left out'),
    save_best: ignoredOption('one best model is kept, that of the first metric', {
      schema: z.union([z.string(), z.array(z.string())]).nullish(),
      harmless: (value) => [value].flat().length < 2,
      lost: true,
    }).describe("Metric whose best model is kept as well: 'coco/bbox_mAP'; 'auto': the first of the evaluation"),
    rule: z
      .union([rule, z.array(rule)])
      .nullish()
      .describe("'greater' or 'less': which values of save_best are better; 'greater' unless less_keys has the metric"),
    greater_keys: z
      .array(z.string())
      .nullish()
      .describe("Metrics of which save_best keeps the largest; mmengine's default"),
    less_keys: z.array(z.string()).nullish().describe('Metrics of which save_best keeps the smallest'),
    save_last: z.boolean().default(true).describe('Save the end of the run even where no checkpoint is due'),
    save_begin: z.int().nonnegative().default(0).describe('Epochs (or iterations) before the first checkpoint'),
    save_optimizer: ignoredOption('a checkpoint always has the optimizer', { schema: z.boolean().default(true) }),
    save_param_scheduler: ignoredOption('a checkpoint always has the schedule', { schema: z.boolean().default(true) }),
    out_dir: ignoredOption('checkpoints go to work_dir', { lost: true }),
    filename_tmpl: ignoredOption('names are epoch_N and iter_N', { lost: true }),
    published_keys: ignoredOption('no file for publication is written; model.save does', { lost: true }),
    file_client_args: storage,
    backend_args: storage,
    priority,
  }),
  build: ({ interval: given, by_epoch, max_keep_ckpts: maxKeep = 1, save_best, save_begin, save_last, ...rules }) => {
    const interval = given === -1 ? Number.POSITIVE_INFINITY : given;
    const [saveBest] = [save_best ?? []].flat();
    return new CheckpointHook({
      ...(by_epoch ? { interval } : { interval: Number.POSITIVE_INFINITY, everyIterations: interval }),
      maxKeep,
      saveBest,
      ...(saveBest !== undefined && ruleOf(saveBest, rules) === 'less' && { rule: 'less' as const }),
      ...(save_begin > 0 && { saveBegin: save_begin }),
      ...(save_last ? {} : { saveLast: false }),
    });
  },
});

interface Rules {
  rule?: Rule | Rule[] | null;
  less_keys?: string[] | null;
}

const ruleOf = (metric: string, { rule: given, less_keys: less }: Rules): Rule =>
  [given ?? []].flat()[0] ?? (less?.some((key) => metric === key || metric.endsWith(`/${key}`)) ? 'less' : 'greater');
