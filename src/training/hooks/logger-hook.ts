// LoggerHook (mmengine): smoothed losses, learning rate and times to the log and the history every so many iterations, and
// the metrics of every evaluation.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { engine } from '../../engine';
import { evaluationLine, trainLine } from '../log-lines';
import type { TrainRun } from '../train-run';
import type { TrainHook, TrainIteration } from './hook';
import { PRIORITIES, priority } from './priority';
import { storage } from './storage-option';

export class LoggerHook implements TrainHook {
  readonly name = 'LoggerHook';
  priority: number = PRIORITIES.BELOW_NORMAL;
  private evaluationBegan = 0;

  /**
   * @param interval iterations between two lines
   * @param ignoreLast no line for the last iterations of an epoch that has more than `interval`
   */
  constructor(
    private readonly interval = 50,
    private readonly ignoreLast = true,
  ) {}

  async afterTrainIter(run: TrainRun, iteration: TrainIteration): Promise<void> {
    const { state } = run;
    const { lr, dataTime, gradNorm, scalars, time } = iteration;
    const { loss, ...parts } = scalars;
    // mmengine's order of names
    state.smoothed.push({
      lr,
      data_time: dataTime,
      ...(gradNorm === undefined ? {} : { grad_norm: gradNorm }),
      loss,
      ...parts,
      time,
    });
    if (this.isDue(run)) await this.writeLine(run, iteration.eta);
  }

  /** Every `interval` iterations of an epoch (of the run, where iterations are counted); once where there are fewer. */
  private isDue({ loader, loop, maxIterations, state }: TrainRun): boolean {
    const [at, length] = loop.unit === 'epoch' ? [state.iteration, loader.length] : [state.step, maxIterations];
    return at % this.interval === 0 || (at === length && (!this.ignoreLast || length <= this.interval));
  }

  private async writeLine(run: TrainRun, eta: number): Promise<void> {
    const { loader, loop, maxIterations, state } = run;
    const memory = Math.round(engine().memory().bytesPeak / 2 ** 20);
    const entry = {
      ...state.smoothed.current(),
      ...(loop.unit === 'epoch' && { epoch: state.epoch + 1 }),
      iter: state.step,
      ...(memory > 0 ? { memory } : {}),
      step: state.step,
    };
    const [iteration, of] = loop.unit === 'epoch' ? [state.iteration, loader.length] : [state.step, maxIterations];
    run.log(trainLine(entry, { iteration, of, eta }));
    await run.record('train', entry);
  }

  beforeVal(): void {
    this.evaluationBegan = performance.now();
  }

  async afterVal(run: TrainRun, metrics: Record<string, number> | undefined): Promise<void> {
    if (!metrics) return;
    const time = (performance.now() - this.evaluationBegan) / 1000;
    await run.record('evaluations', { ...metrics, time, step: run.done });
    run.log(evaluationLine(run.loop.unit, run.done, metrics));
  }
}

export const loggerHookDefinition = defineModule({
  kind: 'hook',
  type: 'LoggerHook',
  summary: 'Logs smoothed losses, learning rate and times every interval iterations; a default hook',
  origin: 'mmengine',
  shapes: 'losses of an iteration -> a line of the log',
  example: "{ type: 'LoggerHook', interval: 50 }",
  options: z.strictObject({
    interval: z.int().positive().default(10).describe('Iterations between two lines'),
    ignore_last: z
      .boolean()
      .default(true)
      .describe('No line for the last iterations of an epoch that has more than interval'),
    interval_exp_name: ignoredOption('the name of the run is in its folder', { harmless: [1000] }),
    out_dir: ignoredOption('logs go to work_dir', { lost: true }),
    out_suffix: ignoredOption('logs go to work_dir', { harmless: [['.json', '.log', '.py', 'yaml']], lost: true }),
    keep_local: ignoredOption('logs stay in work_dir', { harmless: [true] }),
    file_client_args: storage,
    log_metric_by_epoch: ignoredOption("evaluations are counted in the loop's epochs or iterations", {
      harmless: [true],
    }),
    backend_args: storage,
    priority,
  }),
  build: ({ interval, ignore_last }) => new LoggerHook(interval, ignore_last),
});
