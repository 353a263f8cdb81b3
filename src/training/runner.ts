// A run: its parts, its hooks, and the steps a training loop is made of (batches, one iteration, one evaluation).

import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as macrotask } from 'node:timers/promises';
import type { PackedSample } from '../data/types';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { deferReads } from '../nn/deferred-reads';
import type { CheckpointContents } from './checkpoint';
import type { History, ScalarRecord } from './history';
import type { TrainHook } from './hooks/hook';
import { HookList } from './hooks/hook-list';
import { iterate } from './iterate';
import type { LoopPlan } from './loops/loop-plan';
import type { Ranks } from './ranks/ranks';
import type { RunState } from './run-state';
import type { Evaluate, TrainLoader, TrainRun } from './train-run';

export interface RunnerParts {
  detector: Detector;
  loader: TrainLoader;
  loop: LoopPlan;
  state: RunState;
  hooks: readonly TrainHook[];
  signal?: AbortSignal;
  /** The processes of the run, where it has several; `signal` is then what they have agreed on. */
  ranks?: Ranks;
  workDir?: string;
  log: (line: string) => void;
  /** Kept in every checkpoint. */
  meta: Record<string, unknown>;
}

/** Shorter iterations are ended before Stop is urgent: what leaving them takes is saved. */
const LEAVABLE_SECONDS = 0.3;

/** A batch, and how long it was waited for. */
export interface Batch {
  samples: PackedSample[];
  began: number;
  dataTime: number;
}

export class Runner implements TrainRun {
  readonly detector: Detector;
  readonly loader: TrainLoader;
  readonly loop: LoopPlan;
  readonly state: RunState;
  readonly hooks: HookList;
  readonly signal?: AbortSignal;
  readonly ranks?: Ranks;
  readonly workDir?: string;
  stopTraining = false;
  closing = false;
  /** Of the last iteration; before the first one, it may be long. */
  private lastSeconds = Number.POSITIVE_INFINITY;

  constructor(private readonly parts: RunnerParts) {
    this.detector = parts.detector;
    this.loader = parts.loader;
    this.loop = parts.loop;
    this.state = parts.state;
    this.hooks = new HookList(parts.hooks);
    this.signal = parts.signal;
    this.ranks = parts.ranks;
    this.workDir = parts.workDir;
  }

  get done(): number {
    return this.loop.unit === 'epoch' ? this.state.epoch : this.state.step;
  }

  get maxIterations(): number {
    return this.loop.unit === 'epoch' ? this.loop.total * this.loader.length : this.loop.total;
  }

  /** No further epoch (or iteration) is begun. */
  get stopped(): boolean {
    return this.done >= this.loop.total || this.stopTraining || this.signal?.aborted === true;
  }

  get interrupted(): boolean {
    return (this.done < this.loop.total && !this.stopTraining) || this.signal?.aborted === true;
  }

  /** Where a hook of one process has ended the run, it ends in all of them. */
  async agreeToStop(): Promise<void> {
    if (this.ranks && !this.signal?.aborted) [this.stopTraining] = await this.ranks.any([this.stopTraining]);
  }

  log(line: string): void {
    this.parts.log(line);
  }

  async record(list: keyof History, entry: ScalarRecord): Promise<void> {
    this.state.history[list].push(entry);
    if (this.workDir !== undefined)
      appendFileSync(path.join(this.workDir, 'scalars.jsonl'), `${JSON.stringify(entry)}\n`);
    await this.hooks.call('afterRecord', this, list, entry);
  }

  /** Announces the epoch that begins (or continues) to the model, and puts it in training mode. */
  beginEpoch(): void {
    const { closing, detector, state } = this;
    for (const line of detector.onEpoch?.({ epoch: state.epoch, closing }) ?? [])
      this.log(`epoch ${state.epoch + 1}: ${line}`);
    detector.train();
  }

  /** The batches left of the epoch in hand; an abort ends them early. */
  async *batches(): AsyncGenerator<Batch, void, void> {
    const { loader, ranks, state } = this;
    const signal = ranks ? ranks.signal : this.signal;
    const source = loader.epoch(state.epoch, { start: state.iteration, signal })[Symbol.asyncIterator]();
    try {
      while (state.iteration < loader.length) {
        if (ranks?.hasLeft) return; // the others are in another exchange
        const began = performance.now();
        const next = await source.next();
        const found = ranks
          ? await ranks.stopsOrEnds(next.done === true)
          : { stops: signal?.aborted === true, ends: next.done === true };
        if (found.stops) return;
        if (found.ends || next.done)
          throw new DetLabError(`The loader promised ${loader.length} batches an epoch and gave ${state.iteration}`);
        yield { samples: next.value, began, dataTime: (performance.now() - began) / 1000 };
      }
    } finally {
      await source.return?.();
    }
  }

  /**
   * Losses, gradients and step of one batch; nothing of them where Stop does not wait for them. The event loop turns once:
   * aborts, timers and displays are served.
   */
  async iterate({ samples, began, dataTime }: Batch): Promise<void> {
    const { detector, hooks, ranks, state } = this;
    await ranks?.checkParameters(state.wrapper, detector);
    await hooks.call('beforeTrainIter', this, samples);
    const { lr } = state.wrapper.optimizer.groups[0];
    const afterBackward = hooks.has('afterBackward')
      ? (gradients: Parameters<NonNullable<TrainHook['afterBackward']>>[1]) =>
          hooks.call('afterBackward', this, gradients)
      : undefined;
    const signal = this.lastSeconds < LEAVABLE_SECONDS ? undefined : this.signal;
    const started = performance.now();
    const step = () => iterate(detector, state, { lr, samples, signal, ranks }, afterBackward);
    const done = await (ranks ? ranks.explained(step) : step());
    if (!done) {
      ranks?.leave();
      return;
    }
    this.lastSeconds = (performance.now() - started) / 1000;
    const { scalars, gradNorm } = done;
    state.advance();
    await macrotask();
    await hooks.call('afterTrainIter', this, { samples, lr, scalars, gradNorm, began, dataTime, time: 0, eta: 0 });
  }

  async validate(evaluate: Evaluate): Promise<void> {
    const { detector, hooks, signal, state } = this;
    let metrics: Record<string, number> | undefined;
    detector.eval();
    await hooks.call('beforeVal', this);
    try {
      metrics = await evaluate({ epoch: state.epoch, step: state.step, signal });
    } finally {
      await hooks.call('afterVal', this, signal?.aborted ? undefined : metrics);
    }
  }

  async checkpoint({ deferred = false } = {}): Promise<CheckpointContents> {
    const save = () => this.state.save(this.detector, this.parts.meta);
    const contents = deferred ? deferReads(save) : save();
    const states = this.statefulHooks().map(([key, hook]) => [key, hook.state?.()]);
    if (states.length > 0) contents.state.hooks = Object.fromEntries(states);
    await this.hooks.call('beforeSaveCheckpoint', this, contents);
    return contents;
  }

  checkpointSaved(directory: string): Promise<void> {
    return this.hooks.call('afterSaveCheckpoint', this, directory);
  }

  /** Gives the hooks their states back; returns the names of those that are not there. */
  restoreHooks(states: Record<string, unknown>): string[] {
    const hooks = new Map(this.statefulHooks());
    for (const [key, state] of Object.entries(states)) hooks.get(key)?.restore?.(state);
    return Object.keys(states).filter((key) => !hooks.has(key));
  }

  /** Hooks with a state, by its name in a checkpoint: that of the hook, numbered from the second of a name on. */
  private statefulHooks(): [key: string, hook: TrainHook][] {
    const counts = new Map<string, number>();
    return this.hooks.hooks
      .filter((hook) => hook.state)
      .map((hook) => {
        const count = (counts.get(hook.name) ?? 0) + 1;
        counts.set(hook.name, count);
        return [count === 1 ? hook.name : `${hook.name}.${count}`, hook];
      });
  }
}
