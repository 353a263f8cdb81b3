// ProfilerHook (mmengine): where the time of the first iterations (or of the first epoch) goes, by the engine's profile: lines of
// the log, and a file for chrome://tracing and Perfetto.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { chromeTrace } from '../analysis/chrome-trace';
import { summariseProfile } from '../analysis/profile-summary';
import { ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import { engine } from '../engine';
import type { EngineProfile } from '../engine/profile-events';
import type { TrainHook } from '../training/hooks/hook';
import { PRIORITIES, priority } from '../training/hooks/priority';
import type { TrainRun } from '../training/train-run';

interface ProfilerOptions {
  /** Iterations that are recorded; undefined: an epoch. */
  iterations?: number;
  /** Rows of the table in the log. */
  rows: number;
  /** Where the trace goes; a relative path is one of the run's folder. */
  tracePath?: string;
}

export class ProfilerHook implements TrainHook {
  readonly name = 'ProfilerHook';
  priority: number = PRIORITIES.VERY_LOW;
  private end?: () => void;
  private recording?: Promise<EngineProfile>;
  private done = 0;
  private isOver = false;

  constructor(readonly options: ProfilerOptions) {}

  beforeTrainIter({ detector }: TrainRun): void {
    if (this.recording || this.isOver) return;
    // what is recorded lasts until the hook ends it
    const recorded = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    this.recording = engine()
      .profile(() => recorded, [...detector.modules()])
      .then(({ profile }) => profile);
    this.recording.catch(() => {}); // awaited in finish
  }

  async afterTrainIter(run: TrainRun): Promise<void> {
    if (!this.recording) return;
    this.done++;
    const { iterations = run.loop.unit === 'epoch' ? run.loader.length : run.maxIterations } = this.options;
    if (this.done >= iterations) await this.finish(run);
  }

  /** A run that ends before has a profile of what it did. */
  async afterRun(run: TrainRun): Promise<void> {
    await this.finish(run);
  }

  private async finish(run: TrainRun): Promise<void> {
    const { recording } = this;
    if (!recording) return;
    this.recording = undefined;
    this.isOver = true;
    this.end?.();
    const profile = await recording;
    const { kernels, javascript, milliseconds, modules } = summariseProfile(profile);
    const share = (time: number) => `${((100 * time) / milliseconds).toFixed(1)} %`;
    run.log(`profile of ${this.done} iterations: ${(milliseconds / this.done).toFixed(1)} ms each with the recording`);
    run.log(`  outside of the engine (data, hooks, JavaScript): ${share(javascript)}`);
    for (const { calls, milliseconds: time, name } of kernels.slice(0, this.options.rows))
      run.log(`  ${name}: ${share(time)}, ${calls} calls`);
    const parts = modules.filter((one) => one.path !== undefined && /^[^.]+$/.test(one.path));
    for (const one of parts) run.log(`  ${one.path}: ${(100 * one.share).toFixed(1)} %`);
    this.writeTrace(run, profile);
  }

  private writeTrace(run: TrainRun, profile: EngineProfile): void {
    const { tracePath } = this.options;
    if (tracePath === undefined) return;
    const file = path.resolve(run.workDir ?? '.', tracePath);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(chromeTrace(profile, { engine: engine().description, iterations: this.done })));
    run.log(`profile for chrome://tracing and Perfetto: ${file}`);
  }
}

const logTrace = z.strictObject({
  type: z.literal('log_trace').describe('Lines of the log; for a trace in a file, set json_trace_path'),
  sort_by: ignoredOption('the slowest kernels come first', { lost: true }),
  row_limit: z.int().positive().default(10).describe('Kernels that are listed'),
});

export const profilerHookDefinition = defineModule({
  kind: 'hook',
  type: 'ProfilerHook',
  summary: 'Records where the time of the first iterations or the first epoch goes: log lines and a Chrome trace',
  origin: 'mmengine',
  shapes: 'iterations -> time by kernel and module',
  example: "{ type: 'ProfilerHook', by_epoch: false, profile_times: 10, json_trace_path: 'trace.json' }",
  options: z
    .strictObject({
      by_epoch: z.boolean().default(true).describe('Record epochs; false: iterations'),
      profile_times: z.int().positive().default(1).describe('Epochs (only 1) or iterations that are recorded'),
      on_trace_ready: logTrace.nullish().describe('What is logged'),
      json_trace_path: z
        .string()
        .nullish()
        .describe('File for chrome://tracing and Perfetto; a relative path is one in work_dir'),
      activity_with_cpu: ignoredOption('the engine records all it does', { harmless: [true] }),
      activity_with_cuda: ignoredOption('the engine records all it does'),
      schedule: ignoredOption('the first iterations are recorded without a schedule', { lost: true }),
      record_shapes: ignoredOption('shapes are recorded'),
      profile_memory: ignoredOption('memory is not recorded; MemoryProfilerHook logs it', {
        harmless: [false],
        lost: true,
      }),
      with_stack: ignoredOption('modules are recorded in place of source lines', { harmless: [false], lost: true }),
      with_flops: ignoredOption('recipe.summary({ input }) counts them', { harmless: [false], lost: true }),
      priority,
    })
    .refine((o) => !o.by_epoch || o.profile_times === 1, {
      message: 'expected 1 epoch, since recording slows training down; by_epoch: false counts iterations',
      path: ['profile_times'],
    }),
  build: (o) =>
    new ProfilerHook({
      ...(!o.by_epoch && { iterations: o.profile_times }),
      rows: o.on_trace_ready?.row_limit ?? 10,
      ...(o.json_trace_path && { tracePath: o.json_trace_path }),
    }),
});
