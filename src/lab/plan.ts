// Derives the settings of a run from a config (MMDetection's keys) and the options of `fit`.

import type { ModuleConfig } from '../catalogue/registry';
import { findUnitSettings } from '../catalogue/related-settings';
import type { ConfigObject } from '../config';
import type { Precision } from '../engine';
import { DetLabError } from '../errors';
import type { BestWeightsHook } from '../training/best-weights';
import type { ScalarRecord } from '../training/history';
import type { StepEvent } from '../training/hooks/callback-hook';
import { CheckpointHook, type CheckpointOptions } from '../training/hooks/checkpoint-hook';
import type { TrainLoop } from '../training/loops/train-loop';
import { modulesAt, numberAt, objectAt, valueAt } from './config-access';
import { type ConfiguredHooks, configuredHooks } from './configured-hooks';
import { type Patience, planEarlyStopping, withoutStopping } from './early-stopping';
import type { ImageSize } from './image-size/set-image-size';

import { planLoop } from './plan-loop';
import { VALIDATION_PREFIX } from './validation-loss';
import { warmsUp } from './warming-rule';
import type { WatchOption } from './watched';

/** Options of `fit` that its plan follows from. */
export interface PlanOptions {
  /** Number of passes over the training images; the config's by default. The schedule is scaled accordingly. */
  epochs?: number;
  /** Learning rate after warm-up. */
  lr?: number;
  /**
   * Multiply the learning rate by batch / `auto_scale_lr.base_batch_size`, the batch size that it is meant for; the config's
   * `auto_scale_lr.enable` by default, which leaves an `lr` given here as it is.
   */
  scaleLr?: boolean;
  /** Batch size: images per iteration. */
  batch?: number;
  /** Size of the images, like `recipe.imageSize(...)`: both sides, [width, height], or several of those to train at. */
  imageSize?: ImageSize;
  /**
   * Mixed precision (bfloat16); overrides the config. It saves memory, and time if the processor supports it: see the log's
   * first line.
   */
  amp?: boolean;
  /** Seed of all random numbers; the config's `randomness.seed`, or 0, by default. */
  seed?: number;
  /** Folder of log, scalars and checkpoints; the config's `work_dir`, or `runs/<name>`, by default; false: none. */
  workDir?: string | false;
  /**
   * Continue from the latest checkpoint in `workDir`: weights, optimizer, epoch. Epochs, learning rate, schedule and batch are
   * those of this call from there on, as in a new run at that point.
   */
  resume?: boolean;
  /** Start from the weights of a file or address, like `recipe.loadFrom(file)`. */
  loadFrom?: string;
  /** Interval of checkpoints, how many are kept (1), and the metric that selects the best one. */
  checkpoint?: CheckpointOptions;
  /** Epochs (or iterations, as `train_cfg` counts) between evaluations; the config's by default. */
  evaluateEvery?: number;
  /**
   * Also computes the training losses on the validation images at each evaluation: `val/loss` and its parts, of evaluated weights
   * in evaluation mode. It costs a forward pass more for each of these images.
   */
  valLoss?: boolean;
  /**
   * Ends the run when so many evaluations in a row have not improved AP by 0.001, and leaves the best weights in the model; with
   * an object, another metric or difference.
   * @example fit(data, { epochs: 50, patience: { patience: 5, monitor: 'val/loss' } })
   */
  patience?: number | Patience;
  /**
   * Validation images shown after each evaluation, the same each time: how many (6 in a notebook, else none), which (ids or file
   * names), or false.
   */
  watch?: WatchOption;
  /** Iterations between log lines. */
  logInterval?: number;
  /**
   * Processes that train together, each on a part of every batch: `batch` is the batch size of one of them. On CPUs; each has an
   * equal share of the threads.
   */
  processes?: number;
  /** GPUs to train on, a process for each: `[0, 1]`. */
  devices?: number[];
  /** @internal Factors on the learning rate from epochs (from 0) on, of `fineTune`. */
  stageRates?: readonly { from: number; factor: number }[];
  /**
   * Threads that decode images. By default as many as `num_workers` of the config, and more, up to one a processor, while training
   * waits for images; one processor is left to training.
   */
  workers?: number;
  /**
   * Decodes JPEGs at 1/2, 1/4 or 1/8 of their size where the pipeline shrinks them further: faster, with other pixel values than
   * after a whole decoding, which are cv2's bit for bit. Default false.
   */
  fastDecoding?: boolean;
  /**
   * Memory in MB that keeps decoded images for the next epochs, shared by all threads. Images beyond it are decoded in each epoch.
   * Default 0: none is kept.
   * @example fit(data, { imageCacheMB: 4000 }) // about 4,300 images of 640 x 480
   */
  imageCacheMB?: number;
  signal?: AbortSignal;
  /** Receives the log lines instead of the terminal or notebook. */
  log?: (line: string) => void;
  /** Called after every iteration. */
  onStep?: (event: StepEvent) => void | Promise<void>;
  /** Called with every record of the history: losses (MMDetection's names) and evaluations. */
  onRecord?: (record: ScalarRecord) => void;
}

export interface RunPlan extends ConfiguredHooks {
  valLoss: boolean;
  /** Of a run with patience. */
  bestWeights?: BestWeightsHook;
  loop: TrainLoop;
  seed: number;
  precision?: Precision;
  optimWrapper: ModuleConfig;
  paramScheduler: ModuleConfig[];
  /** Whether the schedule is fitted to other epochs than the config's. */
  fitted: boolean;
  logWindow: number;
  batchSize: number;
  /** Messages to the user about changes of the config. */
  notices: string[];
}

/** The number of processes of a run. */
export const processesOf = ({ processes, devices }: PlanOptions): number => devices?.length ?? processes ?? 1;

/** @throws DetLabError when `train_cfg` or a hook cannot be used */
export function planRun(config: ConfigObject, options: PlanOptions): RunPlan {
  const notices: string[] = [];
  const { loop, configured } = planLoop(config, options);
  const batchSize = options.batch ?? numberAt(config, 'train_dataloader.batch_size') ?? 2;
  const optimWrapper = planOptimizer(config, options, batchSize, notices);
  const early =
    options.patience === undefined
      ? undefined
      : planEarlyStopping(options.patience, options.checkpoint, config, notices);
  const { checkpoint = options.checkpoint } = early ?? {};
  const hooks = configuredHooks(config, { ...options, checkpoint, total: loop.total, configured }, notices);
  notices.push(...unitNotices(config, hooks));
  const lowPrecision = valueAt(config, 'optim_wrapper.dtype') === 'float16' ? 'float16' : 'bfloat16';
  return {
    loop,
    seed: options.seed ?? numberAt(config, 'randomness.seed') ?? 0,
    precision: options.amp === undefined ? undefined : options.amp ? lowPrecision : 'float32',
    optimWrapper,
    fitted: loop.total !== configured,
    paramScheduler: [
      ...planSchedule(config, loop.total, configured, notices),
      ...stageRules(options.stageRates ?? [], loop.total),
    ],
    logWindow: numberAt(config, 'log_processor.window_size') ?? 50,
    batchSize,
    ...hooks,
    hooks: early ? [...withoutStopping(hooks.hooks, notices), early.bestWeights, early.stopping] : hooks.hooks,
    bestWeights: early?.bestWeights,
    valLoss: options.valLoss ?? early?.stopping.options.monitor.startsWith(VALIDATION_PREFIX) ?? false,
    notices,
  };
}

/** `optim_wrapper` with the learning rate and batch size of this run. */
function planOptimizer(config: ConfigObject, options: PlanOptions, batchSize: number, notices: string[]): ModuleConfig {
  const { type = 'OptimWrapper', ...wrapper } = objectAt(config, 'optim_wrapper');
  const optimizer = { ...objectAt(config, 'optim_wrapper.optimizer') };
  if (options.lr !== undefined) optimizer.lr = options.lr;
  const cycle = modulesAt(config, 'param_scheduler').find(({ type: rule }) =>
    /\bOneCycle(LR|ParamScheduler)$/.test(rule),
  );
  if (cycle && options.lr !== undefined)
    notices.push(
      `lr has no effect: ${cycle.type} rises to its eta_max, ${cycle.eta_max}, whatever the optimizer's lr is`,
    );
  scaleRate(config, options, { optimizer, batchSize: batchSize * processesOf(options) }, notices);
  if ('batch_size_per_gpu' in optimizer) optimizer.batch_size_per_gpu = batchSize * processesOf(options);
  return { type: String(type), ...wrapper, optimizer };
}

/** The learning rate by the batch size that it is meant for (`auto_scale_lr`), or a line that says what that would be. */
function scaleRate(
  config: ConfigObject,
  { lr, scaleLr }: PlanOptions,
  { optimizer, batchSize }: { optimizer: ConfigObject; batchSize: number },
  notices: string[],
): void {
  const { base_batch_size: base, enable } = objectAt(config, 'auto_scale_lr');
  if (typeof base !== 'number' || !(base > 0)) {
    if (scaleLr !== true) return;
    throw new DetLabError(
      'Cannot scale the learning rate: expected auto_scale_lr.base_batch_size, the batch size that it is meant for, ' +
        `received ${base === undefined ? 'none' : String(base)}. Set it, or pass lr`,
    );
  }
  const given = Number(optimizer.lr);
  if (base === batchSize || !Number.isFinite(given)) return;
  const scaled = (given * batchSize) / base;
  if (scaleLr ?? (enable === true && lr === undefined)) {
    optimizer.lr = scaled;
    notices.push(
      `learning rate ${given} scaled to ${scaled} for a batch size of ${batchSize} (auto_scale_lr: ${base})`,
    );
  } else if (lr === undefined)
    notices.push(
      `learning rate ${given} is meant for a batch size of ${base}, this run's is ${batchSize}: ` +
        `scaleLr: true (--auto-scale-lr) makes it ${scaled}`,
    );
  else if (enable === true && scaleLr === undefined)
    notices.push(`auto_scale_lr has no effect: the learning rate of the run is given, ${lr}`);
}

/** `param_scheduler` scaled from `configured` to `total` epochs. */
function planSchedule(config: ConfigObject, total: number, configured: number, notices: string[]): ModuleConfig[] {
  const rules = modulesAt(config, 'param_scheduler');
  if (total === configured) return rules;
  const warmedUp = new Set(rules.filter(warmsUp).map(({ end }) => end));
  const scaled = rules
    .map((rule) => scaledRule(rule, { total, configured, warmedUp }))
    // one of a few epochs may have none left
    .filter(({ begin = 0, end }) => typeof end !== 'number' || end > Number(begin));
  const steps = scaled.flatMap((rule) => (Array.isArray(rule.milestones) ? rule.milestones : []));
  const milestones = steps.length > 0 ? `: milestones ${steps.join(', ')}` : '';
  notices.push(`schedule of ${configured} epochs scaled to ${total}${milestones}`);
  return scaled;
}

/** A factor for the epochs of each stage; ConstantLR ends one step before `end`, as mmengine's. */
const stageRules = (stages: NonNullable<PlanOptions['stageRates']>, total: number): ModuleConfig[] =>
  stages
    .map(({ from, factor }, i) => ({ factor, begin: from, end: (stages[i + 1]?.from ?? total) + 1 }))
    .filter(({ factor }) => factor !== 1)
    .map((rule) => ({ type: 'ConstantLR', by_epoch: true, ...rule }));

/** Options that count epochs in a loop of iterations, or the other way round; checkpoints may be asked for by the run. */
function unitNotices(config: ConfigObject, { defaultHooks }: ConfiguredHooks): string[] {
  const { checkpoint } = defaultHooks;
  const isAsked = !(checkpoint instanceof CheckpointHook) || checkpoint.options.everyIterations !== undefined;
  return findUnitSettings(config)
    .filter(({ paths }) => !(isAsked && paths[0].startsWith('default_hooks')))
    .map(({ message }) => message);
}

/**
 * A rule scaled from `configured` to `total` epochs. A warm-up by iterations keeps its length, and what begins at its end keeps
 * its beginning.
 */
function scaledRule(
  rule: ModuleConfig,
  { total, configured, warmedUp }: { total: number; configured: number; warmedUp: ReadonlySet<unknown> },
): ModuleConfig {
  const iterations = rule.by_epoch === false;
  if (iterations && warmsUp(rule)) return rule;
  const scale = (value: unknown): unknown =>
    typeof value === 'number' ? Math.max(1, Math.floor((value * total) / configured)) : value;
  const changed: ModuleConfig = { ...rule };
  for (const key of ['end', 'T_max', 'step_size', 'total_steps']) if (key in rule) changed[key] = scale(rule[key]);
  if (typeof rule.begin === 'number' && !(iterations && warmedUp.has(rule.begin)))
    changed.begin = Math.floor((rule.begin * total) / configured);
  if (Array.isArray(rule.periods)) changed.periods = rule.periods.map(scale);
  if (Array.isArray(rule.milestones)) {
    // strictly increasing, and before the end of the run
    const milestones: number[] = [];
    for (const m of rule.milestones) milestones.push(Math.max(Number(scale(m)), (milestones.at(-1) ?? 0) + 1));
    changed.milestones = iterations ? milestones : milestones.filter((m) => m < total);
  }
  return changed;
}
