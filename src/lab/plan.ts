// Derives the settings of a run from a config (MMDetection's keys) and the options of `fit`.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import type { Precision } from '../engine';
import type { ScalarRecord } from '../training/history';
import type { StepEvent } from '../training/hooks/callback-hook';
import { CheckpointHook, type CheckpointOptions } from '../training/hooks/checkpoint-hook';
import type { TrainLoop } from '../training/loops/train-loop';
import { modulesAt, numberAt, objectAt, valueAt } from './config-access';
import { type ConfiguredHooks, configuredHooks } from './configured-hooks';
import { planLoop } from './plan-loop';

export interface FitOptions {
  /** Number of passes over the training images; the config's by default. The schedule is scaled accordingly. */
  epochs?: number;
  /** Learning rate after warm-up. */
  lr?: number;
  /** Batch size: images per iteration. */
  batch?: number;
  /**
   * Mixed precision (bfloat16); overrides the config. It saves memory, and time if the processor supports it: see the log's
   * first line.
   */
  amp?: boolean;
  /** Seed of all random numbers; the config's `randomness.seed`, or 0, by default. */
  seed?: number;
  /** Folder of log, scalars and checkpoints; the config's `work_dir`, or `runs/<name>`, by default; false: none. */
  workDir?: string | false;
  /** Continue from the latest checkpoint in `workDir`: weights, optimizer, schedule, epoch. */
  resume?: boolean;
  /** Start from the weights of a file, like `recipe.loadFrom(file)`. */
  loadFrom?: string;
  /** Interval of checkpoints, how many are kept (1), and the metric that selects the best one. */
  checkpoint?: CheckpointOptions;
  /** Epochs (or iterations, as `train_cfg` counts) between evaluations; the config's by default. */
  evaluateEvery?: number;
  /** Iterations between log lines. */
  logInterval?: number;
  /** Threads that decode images; by default as many as `num_workers` of the config, one processor is left to training. */
  workers?: number;
  signal?: AbortSignal;
  /** Receives the log lines instead of the terminal or notebook. */
  log?: (line: string) => void;
  /** Called after every iteration. */
  onStep?: (event: StepEvent) => void;
  /** Called with every record of the history: losses (MMDetection's names) and evaluations. */
  onRecord?: (record: ScalarRecord) => void;
}

export interface RunPlan extends ConfiguredHooks {
  loop: TrainLoop;
  seed: number;
  precision?: Precision;
  optimWrapper: ModuleConfig;
  paramScheduler: ModuleConfig[];
  logWindow: number;
  batchSize: number;
  /** Messages to the user about changes of the config. */
  notices: string[];
}

/** @throws DetLabError when `train_cfg` or a hook cannot be used */
export function planRun(config: ConfigObject, options: FitOptions): RunPlan {
  const notices: string[] = [];
  const { loop, configured } = planLoop(config, options);
  const batchSize = options.batch ?? numberAt(config, 'train_dataloader.batch_size') ?? 2;
  const optimWrapper = planOptimizer(config, options, batchSize, notices);
  const hooks = configuredHooks(config, { ...options, total: loop.total, configured }, notices);
  notices.push(...unitNotices(config, loop, hooks));
  const lowPrecision = valueAt(config, 'optim_wrapper.dtype') === 'float16' ? 'float16' : 'bfloat16';
  return {
    loop,
    seed: options.seed ?? numberAt(config, 'randomness.seed') ?? 0,
    precision: options.amp === undefined ? undefined : options.amp ? lowPrecision : 'float32',
    optimWrapper,
    paramScheduler: planSchedule(config, loop.total, configured, notices),
    logWindow: numberAt(config, 'log_processor.window_size') ?? 50,
    batchSize,
    ...hooks,
    notices,
  };
}

/** `optim_wrapper` with the learning rate and batch size of this run. */
function planOptimizer(config: ConfigObject, options: FitOptions, batchSize: number, notices: string[]): ModuleConfig {
  const { type = 'OptimWrapper', ...wrapper } = objectAt(config, 'optim_wrapper');
  const optimizer = { ...objectAt(config, 'optim_wrapper.optimizer') };
  if (options.lr !== undefined) optimizer.lr = options.lr;
  const scaling = objectAt(config, 'auto_scale_lr');
  if (scaling.enable === true && typeof scaling.base_batch_size === 'number' && options.lr === undefined) {
    optimizer.lr = (Number(optimizer.lr) * batchSize) / scaling.base_batch_size;
    notices.push(`learning rate scaled to ${optimizer.lr} for a batch size of ${batchSize} (auto_scale_lr)`);
  }
  if (scaling.enable === true && options.lr !== undefined)
    notices.push(`auto_scale_lr has no effect: the learning rate of the run is given, ${options.lr}`);
  if ('batch_size_per_gpu' in optimizer) optimizer.batch_size_per_gpu = batchSize;
  return { type: String(type), ...wrapper, optimizer };
}

/** `param_scheduler` scaled from `configured` to `total` epochs. */
function planSchedule(config: ConfigObject, total: number, configured: number, notices: string[]): ModuleConfig[] {
  const rules = modulesAt(config, 'param_scheduler');
  if (total === configured) return rules;
  const scaled = rules.map((rule) => scaledRule(rule, total, configured));
  const steps = scaled.flatMap((rule) => (Array.isArray(rule.milestones) ? rule.milestones : []));
  const milestones = steps.length > 0 ? `: milestones ${steps.join(', ')}` : '';
  notices.push(`schedule of ${configured} epochs scaled to ${total}${milestones}`);
  return scaled;
}

/** Warnings about options that count epochs in a loop of iterations, or the other way round. */
function unitNotices(config: ConfigObject, loop: TrainLoop, { defaultHooks }: ConfiguredHooks): string[] {
  const notices: string[] = [];
  const { checkpoint } = defaultHooks;
  if (loop.unit === 'iteration' && checkpoint instanceof CheckpointHook && !checkpoint.options.everyIterations)
    notices.push(
      'only a final checkpoint is written: default_hooks.checkpoint counts epochs, train_cfg iterations. Set default_hooks.checkpoint.by_epoch: false',
    );
  const sampler = valueAt(config, 'train_dataloader.sampler.type');
  if (loop.unit === 'epoch' && typeof sampler === 'string' && /\bInfiniteSampler$/.test(sampler))
    notices.push('InfiniteSampler has no epochs: an epoch is one pass over the images');
  return notices;
}

/** A rule scaled from `configured` to `epochs`. Rules that count iterations (warm-up) are unchanged. */
function scaledRule(rule: ModuleConfig, epochs: number, configured: number): ModuleConfig {
  if (rule.by_epoch === false) return rule;
  const scale = (value: unknown): unknown =>
    typeof value === 'number' ? Math.max(1, Math.floor((value * epochs) / configured)) : value;
  const changed: ModuleConfig = { ...rule };
  for (const key of ['end', 'T_max', 'step_size']) if (key in rule) changed[key] = scale(rule[key]);
  if (typeof rule.begin === 'number') changed.begin = Math.floor((rule.begin * epochs) / configured);
  if (Array.isArray(rule.milestones)) {
    // strictly increasing, and before the end of the run
    const milestones: number[] = [];
    for (const m of rule.milestones) milestones.push(Math.max(Number(scale(m)), (milestones.at(-1) ?? 0) + 1));
    changed.milestones = milestones.filter((m) => m < epochs);
  }
  return changed;
}
