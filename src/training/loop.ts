// The training loop: epochs of iterations (batch -> losses -> gradients -> step), schedules, logging, evaluation and
// checkpoints in mmengine's order. It yields to the event loop after every iteration, so that an AbortSignal, timers and
// displays are served; an abort ends it after the iteration in hand, keeps the model, and the run can be resumed.

import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as macrotask } from 'node:timers/promises';
import { type ModuleConfig, Registry } from '../catalogue/registry';
import type { PackedSample } from '../data/types';
import { engine, type Precision } from '../engine';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { findCheckpoint, setAsideCheckpoints, type TrainingState } from './checkpoint';
import { CheckpointWriter } from './checkpoint-writer';
import { applyFreezing, everTrained, type Freezing, freezingText } from './freezing';
import { bestEvaluation, type History, type ScalarRecord, SmoothedScalars } from './history';
import { iterate } from './iterate';
import type { LearningRatePlan } from './learning-rates';
import { evaluationLine, trainLine } from './log-lines';
import { OptimWrapper, type OptimWrapperConfig } from './optim-wrapper';
import { Schedule } from './schedule';
import type { ScheduleFactory } from './schedules/schedule-rule';
import { trainingModules } from './training-modules';
import { type AveragePlan, isSourceWeight } from './weight-average';
import { lockWorkDir } from './work-dir-lock';

/** Where batches come from. The same epoch gives the same batches each time, from whatever batch it is started. */
export interface TrainLoader {
  /** Batches per epoch. */
  readonly length: number;
  /** Batches `start`, `start + 1`, ... of an epoch counted from 0; it ends early when `signal` aborts. */
  epoch(epoch: number, options: { start: number; signal?: AbortSignal }): AsyncIterable<PackedSample[]>;
}

/** One iteration, for live displays. */
export interface StepEvent {
  /** From 1. */
  epoch: number;
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

/** Plain functions called by the loop, awaited when they return a promise. */
export interface TrainHooks {
  /** A line for people; the first names the engine. */
  log?(line: string): void;
  onStart?(history: History, at: { epoch: number; step: number; maxSteps: number }): void | Promise<void>;
  onStep?(event: StepEvent): void | Promise<void>;
  /** After `record` was added to the history. */
  onRecord?(history: History, record: ScalarRecord): void | Promise<void>;
  onCheckpoint?(directory: string): void | Promise<void>;
}

export interface TrainOptions {
  detector: Detector;
  loader: TrainLoader;
  optimWrapper: OptimWrapperConfig;
  paramScheduler?: ModuleConfig[];
  /** Moves the learning rates in place of `paramScheduler`. */
  rates?: LearningRatePlan;
  /** A running average of the weights, which is evaluated, saved and left in the detector at the end. */
  average?: AveragePlan;
  /** Called before each epoch (from 0), also of a resumed run; gives lines for the log. */
  beforeEpoch?: (epoch: number) => string[];
  maxEpochs: number;
  seed: number;
  /** Overrides the precision of `optimWrapper`. */
  precision?: Precision;
  /** Numbers of one evaluation (`coco/bbox_mAP`); undefined when the signal cut it short. */
  evaluate?: (at: { epoch: number; signal?: AbortSignal }) => Promise<Record<string, number> | undefined>;
  /** Epochs between two evaluations; the last epoch is always evaluated. */
  evaluationInterval?: number | ((epoch: number) => number);
  signal?: AbortSignal;
  /** Where `checkpoints/`, `scalars.jsonl` and `train.log` go; nothing is written without it. */
  workDir?: string;
  checkpoint?: {
    /** Epochs between two checkpoints; the last epoch always leaves one. */
    interval?: number;
    /** Also every so many iterations. */
    everyIterations?: number;
    /** How many are kept; -1: all. */
    maxKeep?: number;
    /** Metric whose best model is kept as `best`. */
    saveBest?: string;
  };
  /** Parts that are frozen or trained from some epoch on; what holds from the start is the caller's to do. */
  freezing?: readonly Freezing[];
  /** Go on from the newest whole checkpoint of `workDir`, or from the start when there is none. */
  resume?: boolean;
  /** Kept in every checkpoint: config, classes. */
  meta?: Record<string, unknown>;
  logInterval?: number;
  logWindow?: number;
  hooks?: TrainHooks;
  /** Finds optimizers and schedules; the project's own by default. */
  registry?: Registry;
}

export interface TrainResult {
  history: History;
  interrupted: boolean;
  /** Whole epochs and iterations done, those before a resume included. */
  epoch: number;
  step: number;
  best?: { epoch: number; value: number };
  /** The last checkpoint written. */
  checkpoint?: string;
}

/**
 * Trains `detector` in place.
 * @throws DetLabError when a loss or gradient is not finite (naming the loss, the images and the learning rate), when a
 *   checkpoint does not belong to this run, or for a config mistake
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  if (options.workDir === undefined) return run(options);
  mkdirSync(options.workDir, { recursive: true });
  const unlock = lockWorkDir(options.workDir);
  try {
    return await run(options);
  } finally {
    unlock();
  }
}

async function run(options: TrainOptions): Promise<TrainResult> {
  const { detector, loader, maxEpochs, signal, hooks = {}, meta = {} } = options;
  const { interval = 1, everyIterations, maxKeep = -1, saveBest } = options.checkpoint ?? {};
  const batchesPerEpoch = loader.length;
  if (batchesPerEpoch < 1) throw new DetLabError('Cannot train: the data set gives no batch. Look at its problems');
  const registry = options.registry ?? new Registry(trainingModules);
  const maxSteps = maxEpochs * batchesPerEpoch;
  const every = options.evaluationInterval ?? 1;
  const evaluationDue = (epoch: number) =>
    options.evaluate !== undefined &&
    (epoch % (typeof every === 'number' ? every : every(epoch)) === 0 || epoch === maxEpochs);

  const root = options.workDir === undefined ? undefined : path.join(options.workDir, 'checkpoints');
  const log = (line: string): void => {
    hooks.log?.(line);
    if (options.workDir !== undefined) appendFileSync(path.join(options.workDir, 'train.log'), `${line}\n`);
  };
  if (options.workDir !== undefined && !options.resume)
    rmSync(path.join(options.workDir, 'train.log'), { force: true });
  log(`engine: ${engine().description}`);

  const { freezing = [] } = options;
  // the optimizer holds all that ever trains, so that its state and a checkpoint are the same before and after a change
  const trained = everTrained(detector, freezing);
  const wrapper = new OptimWrapper(detector, options.optimWrapper, registry, maxSteps, options.precision, trained);
  const groups = wrapper.optimizer.groups;
  const factories = (options.paramScheduler ?? []).map((rule, i) =>
    registry.build<ScheduleFactory>('param_scheduler', rule, { path: `param_scheduler.${i}` }),
  );
  const schedule =
    options.rates?.(groups, batchesPerEpoch, wrapper.momentum) ?? new Schedule(factories, groups, batchesPerEpoch);
  const average = options.average?.(detector);
  const random = Random.seeded(Math.imul(options.seed + 1, 0x85ebca6b));
  const smoothed = new SmoothedScalars(options.logWindow ?? 50);
  const history: History = { train: [], evaluations: [] };
  let [epoch, iteration, step] = [0, 0, 0];

  const scalarsFile = options.workDir && path.join(options.workDir, 'scalars.jsonl');
  const record = async (list: 'train' | 'evaluations', entry: ScalarRecord): Promise<void> => {
    history[list].push(entry);
    if (scalarsFile) appendFileSync(scalarsFile, `${JSON.stringify(entry)}\n`);
    await hooks.onRecord?.(history, entry);
  };

  if (root && !options.resume) {
    const aside = await setAsideCheckpoints(root);
    if (aside) log(`the checkpoints of an earlier run lie in ${aside}`);
  }
  if (root && options.resume) {
    const { checkpoint, problems } = findCheckpoint(root);
    for (const problem of problems) log(`passed over: ${problem}`);
    if (checkpoint) {
      const { state } = checkpoint;
      checkSameRun(state, { seed: options.seed, batchesPerEpoch, precision: wrapper.precision }, checkpoint.directory);
      const report = detector.loadStateDict(checkpoint.model);
      const differing = [...report.missing, ...report.unexpected, ...report.mismatched.map((m) => m.name)];
      if (differing.length > 0)
        throw new DetLabError(
          `Cannot resume from "${checkpoint.directory}": it holds another model. Tensors that do not agree: ` +
            `${differing.slice(0, 5).join(', ')}${differing.length > 5 ? ` and ${differing.length - 5} more` : ''}`,
        );
      const sources = [...checkpoint.optimizer.keys()].filter(isSourceWeight);
      if (sources.length > 0 && !average)
        throw new DetLabError(
          `Cannot resume from "${checkpoint.directory}": its weights are averages. Resume with the config's EMAHook`,
        );
      if (average && !average.restore(checkpoint.optimizer, state.averageSteps ?? 0))
        log('the checkpoint holds no averaged weights: averaging starts from its model');
      const own = [...checkpoint.optimizer].filter(([name]) => !isSourceWeight(name));
      wrapper.restore(new Map(own), state.optimizer);
      schedule.restore(state.schedule);
      random.restore(state.random);
      smoothed.restore(state.smoothing);
      history.train.push(...state.history.train);
      history.evaluations.push(...state.history.evaluations);
      ({ epoch, iteration, step } = state);
      log(`resumed from ${checkpoint.directory}: epoch ${epoch}, iteration ${iteration}`);
      for (let past = 2; past <= epoch; past++) applyFreezing(detector, freezing, past);
      // the epoch it goes on in, if that has begun
      if (iteration > 0 && epoch > 0) applyFreezing(detector, freezing, epoch + 1);
    } else log(`no checkpoint in ${root}: starting from the beginning`);
  }
  // what a killed process logged past its last checkpoint is logged again
  if (scalarsFile) writeFileSync(scalarsFile, mergedLines(history).join(''));

  const writer =
    root === undefined
      ? undefined
      : new CheckpointWriter(root, maxKeep, (directory) => hooks.onCheckpoint?.(directory));
  const save = async (name?: string): Promise<void> => {
    if (!writer) return;
    const averaged = average?.states();
    await writer.save(
      {
        model: averaged?.model ?? detector.stateDict(),
        optimizer: new Map([...wrapper.stateDict(), ...(averaged?.source ?? [])]),
        state: {
          version: 1,
          epoch,
          iteration,
          step,
          batchesPerEpoch,
          seed: options.seed,
          precision: wrapper.precision,
          random: random.state(),
          schedule: schedule.state(),
          optimizer: wrapper.counters(),
          averageSteps: average?.steps,
          smoothing: smoothed.state(),
          history: structuredClone(history),
          meta,
        },
      },
      name,
    );
  };

  const evaluate = async (): Promise<void> => {
    if (!evaluationDue(epoch) || history.evaluations.some((e) => e.step === epoch)) return;
    detector.eval();
    const started = performance.now();
    average?.swap();
    const metrics = await options.evaluate!({ epoch, signal }).finally(() => average?.swap());
    if (!metrics || signal?.aborted) return;
    const before = saveBest === undefined ? undefined : bestEvaluation(history, saveBest);
    await record('evaluations', { ...metrics, time: (performance.now() - started) / 1000, step: epoch });
    log(evaluationLine(epoch, metrics));
    if (saveBest === undefined) return;
    const best = bestEvaluation(history, saveBest);
    if (best && best.epoch === epoch && best.value !== before?.value) await save('best');
  };

  const startedAt = step;
  let trainSeconds = 0;
  try {
    await hooks.onStart?.(history, { epoch, step, maxSteps });
    if (iteration === 0 && epoch > 0) await evaluate();
    while (epoch < maxEpochs && !signal?.aborted) {
      if (iteration === 0 && epoch > 0)
        for (const wish of applyFreezing(detector, freezing, epoch + 1))
          log(`epoch ${epoch + 1}: ${freezingText(wish)} ${wish.frozen ? 'is frozen' : 'trains'} from here on`);
      for (const line of options.beforeEpoch?.(epoch) ?? []) log(line);
      detector.train();
      const batches = loader.epoch(epoch, { start: iteration, signal })[Symbol.asyncIterator]();
      try {
        while (iteration < batchesPerEpoch) {
          const begun = performance.now();
          const next = await batches.next();
          if (signal?.aborted) break;
          if (next.done)
            throw new DetLabError(`The loader promised ${batchesPerEpoch} batches an epoch and gave ${iteration}`);
          const dataTime = (performance.now() - begun) / 1000;
          const lr = groups[0].lr;
          const at = { epoch: epoch + 1, iteration: iteration + 1, step, lr, samples: next.value };
          const { scalars, gradNorm } = iterate(detector, wrapper, random, at);
          schedule.afterIteration();
          iteration++;
          step++;
          average?.update(step, epoch + 1);
          await macrotask();
          const time = (performance.now() - begun) / 1000;
          trainSeconds += time;
          const { loss, ...parts } = scalars;
          smoothed.push({
            lr,
            data_time: dataTime,
            ...(gradNorm === undefined ? {} : { grad_norm: gradNorm }),
            loss,
            ...parts,
            time,
          });
          const eta = (trainSeconds / (step - startedAt)) * (maxSteps - step);
          await hooks.onStep?.({
            epoch: epoch + 1,
            iteration,
            step,
            maxEpochs,
            batchesPerEpoch,
            maxSteps,
            lr,
            scalars,
            time,
            dataTime,
            eta,
          });
          const logInterval = options.logInterval ?? 50;
          if (iteration % logInterval === 0 || (iteration === batchesPerEpoch && batchesPerEpoch <= logInterval)) {
            const memory = Math.round(engine().memory().bytesPeak / 2 ** 20);
            const entry = {
              ...smoothed.current(),
              epoch: epoch + 1,
              iter: step,
              ...(memory > 0 ? { memory } : {}),
              step,
            };
            log(trainLine(entry, { iteration, batchesPerEpoch, eta }));
            await record('train', entry);
          }
          if (everyIterations && step % everyIterations === 0 && iteration < batchesPerEpoch) await save();
        }
      } finally {
        await batches.return?.();
      }
      if (iteration < batchesPerEpoch) break;
      schedule.afterEpoch();
      epoch++;
      iteration = 0;
      if (epoch % interval === 0 || epoch === maxEpochs) await save();
      await evaluate();
    }
    const interrupted = epoch < maxEpochs || signal?.aborted === true;
    if (interrupted && writer && writer.lastStep !== step && step > startedAt) {
      await save();
      log(`interrupted after step ${step} of ${maxSteps}; go on with resume`);
    }
    await writer?.finished();
    const best = bestEvaluation(history, saveBest ?? 'coco/bbox_mAP');
    return { history, interrupted, epoch, step, best, checkpoint: writer?.lastDirectory };
  } finally {
    // a failed write was thrown above, unless something else failed before it
    await writer?.finished().catch(() => {});
    detector.eval();
    average?.swap();
    average?.dispose();
    wrapper.dispose();
  }
}

function checkSameRun(
  state: TrainingState,
  now: { seed: number; batchesPerEpoch: number; precision: string },
  directory: string,
): void {
  const differing = (['seed', 'batchesPerEpoch', 'precision'] as const).filter((key) => state[key] !== now[key]);
  if (differing.length === 0) return;
  throw new DetLabError(
    `Cannot resume from "${directory}": ` +
      `${differing.map((key) => `its ${key} is ${state[key]}, this run's is ${now[key]}`).join('; ')}. ` +
      `Resume with the settings of the first run, or start a new one in another folder`,
  );
}

/** The history as the file has it: each evaluation behind the last training line of its epoch. */
function mergedLines(history: History): string[] {
  const lines = history.train.map((entry) => ({ epoch: entry.epoch, entry }));
  const all = [...lines, ...history.evaluations.map((entry) => ({ epoch: entry.step + 0.5, entry }))];
  return all.sort((a, b) => a.epoch - b.epoch).map(({ entry }) => `${JSON.stringify(entry)}\n`);
}
