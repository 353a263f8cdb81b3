// CheckpointHook (mmengine): saves the whole state of the run every so many epochs or iterations, at its end and when it is
// interrupted, and the best model on the side.

import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { CheckpointWriter } from '../checkpoint-writer';
import { bestEvaluation } from '../history';
import type { TrainRun } from '../train-run';
import { accepted } from './accepted';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

/** What `save_best: 'auto'` means. */
const AP = 'coco/bbox_mAP';

export interface CheckpointOptions {
  /** Epochs between two checkpoints (1); the end of the run always leaves one. */
  interval?: number;
  /** Also every so many iterations. A run counted in iterations knows these alone. */
  everyIterations?: number;
  /** How many are kept; -1 (the default): all. */
  maxKeep?: number;
  /** Metric whose best model is kept as `best`. */
  saveBest?: string;
}

export class CheckpointHook implements TrainHook {
  readonly name = 'CheckpointHook';
  priority: number = PRIORITIES.VERY_LOW;
  private writer?: CheckpointWriter;
  private firstStep = 0;

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
    return everyIterations !== undefined && step % everyIterations === 0;
  }

  async afterTrainIter(run: TrainRun): Promise<void> {
    const { done, loader, loop, state } = run;
    // the epoch that ends with this iteration is saved as one
    if (loop.unit === 'epoch' && state.iteration === loader.length) return;
    if (this.isIterationDue(state.step) || (loop.unit === 'iteration' && done === loop.total)) await this.save(run);
  }

  async afterTrainEpoch(run: TrainRun): Promise<void> {
    const { done, loop, state } = run;
    if (loop.unit === 'iteration') return;
    if (done % (this.options.interval ?? 1) === 0 || done === loop.total || this.isIterationDue(state.step))
      await this.save(run);
  }

  async afterVal(run: TrainRun, metrics: Record<string, number> | undefined): Promise<void> {
    const { saveBest } = this.options;
    if (!metrics || saveBest === undefined) return;
    if (bestEvaluation(run.state.history, saveBest)?.at === run.done) await this.save(run, 'best');
  }

  async afterTrain(run: TrainRun): Promise<void> {
    const { interrupted, maxIterations, state } = run;
    if (this.writer && this.writer.lastStep !== state.step && state.step > this.firstStep) {
      await this.save(run);
      if (interrupted) run.log(`interrupted after step ${state.step} of ${maxIterations}; resume to continue`);
    }
    await this.writer?.finished();
  }

  /** A failed write was thrown by `afterTrain`, unless something else failed before it. */
  async afterRun(): Promise<void> {
    await this.writer?.finished().catch(() => {});
  }

  private async save(run: TrainRun, name?: string): Promise<void> {
    await this.writer?.save(await run.checkpoint(), name);
  }
}

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
      .describe('Epochs between two checkpoints, iterations with by_epoch: false; -1: only the last'),
    by_epoch: z.boolean().default(true).describe('Whether interval counts epochs; false: iterations'),
    max_keep_ckpts: z.int().optional().describe('How many of the newest are kept; -1: all. 1 when left out'),
    save_best: z
      .union([z.string(), z.array(z.string())])
      .nullish()
      .describe("Metric whose best model is kept as well: 'coco/bbox_mAP'; 'auto': that one; of a list, the first"),
    save_optimizer: accepted('a checkpoint always has it'),
    save_param_scheduler: accepted('a checkpoint always has it'),
    save_last: accepted('the end of a run is always saved'),
    save_begin: accepted('saving starts at once'),
    rule: accepted('larger metrics are better'),
    greater_keys: accepted('larger metrics are better'),
    less_keys: accepted('larger metrics are better'),
    out_dir: accepted('checkpoints go to work_dir'),
    filename_tmpl: accepted('names are epoch_N and iter_N'),
    published_keys: accepted('nothing is published'),
    file_client_args: accepted('files are on disk'),
    backend_args: accepted('files are on disk'),
    priority,
  }),
  build: ({ interval: given, by_epoch, max_keep_ckpts: maxKeep = 1, save_best }) => {
    const interval = given === -1 ? Number.POSITIVE_INFINITY : given;
    return new CheckpointHook({
      ...(by_epoch ? { interval } : { interval: Number.POSITIVE_INFINITY, everyIterations: interval }),
      maxKeep,
      saveBest: metricOf(save_best),
    });
  },
});

function metricOf(saveBest: string | string[] | null | undefined): string | undefined {
  const first = [saveBest ?? []].flat()[0];
  return first === 'auto' ? AP : first;
}
