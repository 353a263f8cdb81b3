// Training: builds a run from its options, resumes it where asked, and lets its loop and hooks do the rest.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ModuleConfig, Registry } from '../catalogue/registry';
import { engine, type Precision } from '../engine';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { readCheckpoint } from './checkpoint';
import { openCheckpoints } from './checkpoint-folder';
import { checkpointInWriting } from './checkpoint-writer';
import { everTrained, type FreezeRule } from './freezing';
import { AUTO, bestEvaluation, type History, historyLines } from './history';
import { CheckpointHook } from './hooks/checkpoint-hook';
import { type DefaultHooks, defaultHooks } from './hooks/default-hooks';
import { FreezingHook } from './hooks/freezing-hook';
import type { TrainHook } from './hooks/hook';
import type { TrainLoop } from './loops/train-loop';
import { OptimWrapper, type OptimWrapperConfig } from './optim-wrapper';
import { LeftRanks, type Ranks } from './ranks/ranks';
import { type Facts, parameterFacts } from './ranks/same-facts';
import { restore, resumeFrom } from './restore';
import { RunLog } from './run-log';
import { RunState } from './run-state';
import { Runner } from './runner';
import { Schedule, scheduleFactories } from './schedule';
import { type Stop, stopOf, wayOn } from './stop';
import type { TrainLoader } from './train-run';
import { trainingModules } from './training-modules';
import { lockWorkDir } from './work-dir-lock';

export interface TrainOptions {
  detector: Detector;
  loader: TrainLoader;
  loop: TrainLoop;
  optimWrapper: OptimWrapperConfig;
  paramScheduler?: readonly ModuleConfig[];
  /** Overrides the precision of `optimWrapper`. */
  precision?: Precision;
  /** Hooks in the places of the default ones. */
  defaultHooks?: Partial<DefaultHooks>;
  /** Further hooks, for one run each; those of the same priority are called in this order. */
  hooks?: readonly TrainHook[];
  /** Parts that are frozen or trained from some epoch on; what holds from the start is the caller's to do. */
  freezing?: readonly FreezeRule[];
  seed: number;
  signal?: AbortSignal;
  /** The processes that train this model together; rank 0 logs and writes. */
  ranks?: Ranks;
  /** What all ranks must have beside the same parameters: config, options, data. */
  facts?: Facts;
  /** Where `checkpoints/`, `scalars.jsonl` and `train.log` go; nothing is written without it. */
  workDir?: string;
  /** Go on from the newest whole checkpoint of `workDir`, or from the start when there is none. */
  resume?: boolean;
  /** Kept in every checkpoint: config, classes. */
  meta?: Record<string, unknown>;
  /** Iterations that logged scalars are averaged over. */
  logWindow?: number;
  /** Takes the lines of the log; the first names the engine. A RunLog has those from before the run. */
  log?: RunLog | ((line: string) => void);
  /** Lines of the log after the first. */
  firstLines?: readonly string[];
  /** Lines about the weights that a run starts from, which do not hold for one that goes on. */
  startLines?: readonly string[];
  /** Finds optimizers and schedules; those of src/training by default. */
  registry?: Registry;
}

export interface TrainResult {
  history: History;
  interrupted: boolean;
  /** Whole epochs and iterations done, those before a resume included. */
  epoch: number;
  step: number;
  best?: BestEvaluation;
  /** The last checkpoint written, or the one that the run went on from. */
  checkpoint?: string;
  /** Where an interrupted run was stopped. */
  stop?: Stop;
  /** `stopped early at epoch 4 of 12`, of a run that a hook ended before its last epoch or iteration. */
  early?: string;
}

export interface BestEvaluation {
  /** The epoch after which, or in which, it was made; from 1. */
  epoch: number;
  /** The iteration after which it was made, in a run counted in iterations. */
  iteration?: number;
  /** By its name in the log. */
  metric: string;
  value: number;
}

/**
 * Trains `detector` in place.
 * @throws DetLabError when a loss or gradient is not finite (naming the loss, the images and the learning rate), when a
 *   checkpoint does not belong to this run, or for a config mistake
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  if (options.workDir === undefined || options.ranks?.isFirst === false) return run(options);
  mkdirSync(options.workDir, { recursive: true });
  const checkpoints = path.join(options.workDir, 'checkpoints');
  await checkpointInWriting(checkpoints); // of a run that was stopped
  const unlock = lockWorkDir(options.workDir);
  try {
    return await run(options);
  } finally {
    const rest = checkpointInWriting(checkpoints);
    if (rest) void rest.then(unlock);
    else unlock();
  }
}

async function run(options: TrainOptions): Promise<TrainResult> {
  const { detector, loader, loop, ranks } = options;
  const workDir = ranks?.isFirst === false ? undefined : options.workDir;
  if (loader.length < 1) throw new DetLabError('Cannot train: the dataset is empty; see dataset.problems');
  const runLog = options.log instanceof RunLog ? options.log : new RunLog(options.log);
  runLog.open(workDir === undefined ? undefined : path.join(workDir, 'train.log'), options.resume !== true);
  const log = ranks?.isFirst === false ? () => {} : (line: string) => runLog.line(line);
  log(`engine: ${engine().description}`);
  for (const line of options.firstLines ?? []) log(line);
  const freezing = options.freezing ?? [];
  const defaults = defaultHooks(options.defaultHooks);
  const hooks = [new FreezingHook(freezing), ...Object.values(defaults), ...(options.hooks ?? [])];
  checkUnits(hooks, loop);
  const state = newState(options, freezing);
  const signal = ranks?.agreed ?? options.signal;
  const runner = new Runner({ ...options, workDir, signal, state, hooks, log, meta: options.meta ?? {} });
  try {
    await ranks?.begin(detector, [...runFacts(state), ...parameterFacts(detector), ...(options.facts ?? [])]);
    await runner.hooks.call('beforeRun', runner);
    const resumed = await resumedFrom(runner, options, workDir, defaults.checkpoint);
    if (resumed === undefined) for (const line of options.startLines ?? []) log(line);
    await loop.run(runner).catch(async (error) => {
      if (!(error instanceof LeftRanks)) throw error;
      await runner.hooks.call('afterTrain', runner); // Stop, and a rank that does not answer
    });
    const waited = ranks?.waitLine();
    if (waited) log(waited);
    const result = resultOf(runner, defaults.checkpoint, resumed);
    if (result.stop) log(`${result.stop.where}; ${wayOn(result.stop)}`);
    return result;
  } catch (error) {
    ranks?.fail(error);
    throw error;
  } finally {
    detector.eval();
    await runner.hooks.call('afterRun', runner);
    state.wrapper.dispose();
  }
}

/** What a run of the same config, options and data has. */
const runFacts = ({ settings, wrapper }: RunState): Facts => [
  ['seed', String(settings.seed)],
  ['iterations of an epoch', String(settings.batchesPerEpoch)],
  ['training images', String(settings.images)],
  ['precision', wrapper.precision],
];

/** Rank 0 opens the folder of the run; the others go on from the same checkpoint. */
async function resumedFrom(
  runner: Runner,
  options: TrainOptions,
  workDir: string | undefined,
  checkpoints: TrainHook,
): Promise<string | undefined> {
  const resumed =
    workDir === undefined ? undefined : await openWorkDir(runner, workDir, options.resume === true, checkpoints);
  const { ranks } = options;
  if (!ranks || options.workDir === undefined || options.resume !== true) return resumed;
  const directory = await ranks.ofFirst(resumed ?? null);
  if (directory !== null && !ranks.isFirst) await resumeFrom(runner, readCheckpoint(directory));
  return resumed;
}

/** @throws DetLabError for a hook that counts epochs in a run that does not */
function checkUnits(hooks: readonly TrainHook[], loop: TrainLoop): void {
  const wrong = hooks.find(({ unit = loop.unit }) => unit !== loop.unit);
  if (wrong)
    throw new DetLabError(
      `Cannot train with ${wrong.name}: it counts epochs, and ${loop.type} counts iterations. ` +
        'Leave it out, or use EpochBasedTrainLoop',
    );
}

function newState(options: TrainOptions, freezing: readonly FreezeRule[]): RunState {
  const { detector, loader, loop } = options;
  const registry = options.registry ?? new Registry(trainingModules);
  const maxIterations = loop.unit === 'epoch' ? loop.total * loader.length : loop.total;
  // the optimizer holds all that ever trains, so that its state and a checkpoint are the same before and after a change
  const parameters = everTrained(detector, freezing);
  const wrapper = new OptimWrapper(
    detector,
    options.optimWrapper,
    registry,
    maxIterations,
    options.precision,
    parameters,
  );
  const factories = scheduleFactories(options.paramScheduler ?? [], { loop, length: loader.length, registry });
  const { optimizer, scheduledMomentum } = wrapper;
  const schedule = new Schedule(factories, optimizer.groups, loader.length, options.paramScheduler, scheduledMomentum);
  return new RunState(wrapper, schedule, {
    seed: options.seed,
    batchesPerEpoch: loader.length,
    images: loader.images,
    unit: loop.unit,
    logWindow: options.logWindow ?? 50,
  });
}

/** Resumes, or puts the checkpoints of an earlier run aside. Returns the checkpoint that the run goes on from. */
async function openWorkDir(
  runner: Runner,
  workDir: string,
  resume: boolean,
  hook: TrainHook,
): Promise<string | undefined> {
  const { naming, options } = hook instanceof CheckpointHook ? hook : {};
  const aside = await openCheckpoints(workDir, { outDir: options?.outDir, resume });
  if (aside) runner.log(`the checkpoints of an earlier run are in ${aside}`);
  const root = path.join(workDir, 'checkpoints');
  const resumed = resume ? await restore(runner, root, naming?.pattern) : undefined;
  // what a killed process logged past its last checkpoint is logged again
  const stepsPerEvaluation = runner.loop.unit === 'epoch' ? runner.loader.length : 1;
  writeFileSync(path.join(workDir, 'scalars.jsonl'), historyLines(runner.state.history, stepsPerEvaluation).join(''));
  return resumed;
}

function resultOf(runner: Runner, checkpoints: TrainHook, resumed: string | undefined): TrainResult {
  const { interrupted, loader, loop, state } = runner;
  const saved = checkpoints instanceof CheckpointHook ? checkpoints : undefined;
  const { metric = AUTO, rule } = saved?.firstBest ?? {};
  const checkpoint = saved?.lastDirectory ?? resumed;
  const best = bestEvaluation(state.history, metric, rule);
  return {
    history: state.history,
    interrupted,
    epoch: state.epoch,
    step: state.step,
    best: best && {
      metric: best.metric,
      value: best.value,
      ...(loop.unit === 'epoch'
        ? { epoch: best.at }
        : { epoch: Math.ceil(best.at / loader.length), iteration: best.at }),
    },
    checkpoint,
    ...(!interrupted &&
      runner.done < loop.total && { early: `stopped early at ${loop.unit} ${runner.done} of ${loop.total}` }),
    ...(interrupted && { stop: stopOf(loop, loader.length, state, checkpoint) }),
  };
}
