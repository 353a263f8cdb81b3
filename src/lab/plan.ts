// From a config and the options of `fit` to the settings of the training loop: MMDetection's keys in, the loop's out.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import type { Precision } from '../engine';
import type { ScalarRecord } from '../training/history';
import type { StepEvent } from '../training/hooks/callback-hook';
import { CheckpointHook, type CheckpointOptions } from '../training/hooks/checkpoint-hook';
import type { TrainLoop } from '../training/loops/train-loop';
import { at, modulesAt, numberAt, objectAt } from './config-access';
import { type ConfiguredHooks, configuredHooks } from './configured-hooks';
import { planLoop } from './plan-loop';

export interface FitOptions {
  /** Whole passes over the training images; the config's by default. Its schedule is scaled to them. */
  epochs?: number;
  /** Learning rate after warm-up. */
  lr?: number;
  /** Images an iteration. */
  batch?: number;
  /**
   * Mixed precision (bfloat16); true and false override the config. It saves memory, and time where the processor has
   * instructions for it, as the log's first line says.
   */
  amp?: boolean;
  /** Makes the run repeatable; 0 by default. */
  seed?: number;
  /** Folder of log, scalars and checkpoints; `runs/<name>` by default, false: nothing is written. */
  workDir?: string | false;
  /** Go on from the newest checkpoint in `workDir`: weights, optimizer, schedule, epoch. */
  resume?: boolean;
  /** Start from the weights of a file, as `recipe.loadFrom(file)`: weights only. */
  loadFrom?: string;
  /** Epochs and iterations between checkpoints, how many are kept (1), the metric whose best model is kept. */
  checkpoint?: CheckpointOptions;
  /** Epochs between evaluations (iterations, where `train_cfg` counts those); the config's by default. */
  evaluateEvery?: number;
  /** Iterations between log lines. */
  logInterval?: number;
  /** Threads that decode images. */
  workers?: number;
  signal?: AbortSignal;
  /** Takes the log lines, in place of the terminal or notebook. */
  log?: (line: string) => void;
  /** Called after every iteration. */
  onStep?: (event: StepEvent) => void;
  /** Called with every line of the history: losses (MMDetection's names) and evaluations. */
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
  /** What a person should know about how the config was changed. */
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
  const lowPrecision = at(config, 'optim_wrapper.dtype') === 'float16' ? 'float16' : 'bfloat16';
  return {
    loop,
    seed: options.seed ?? 0,
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
    notices.push(`learning rate scaled to ${optimizer.lr} for ${batchSize} images an iteration (auto_scale_lr)`);
  }
  if ('batch_size_per_gpu' in optimizer) optimizer.batch_size_per_gpu = batchSize;
  return { type: String(type), ...wrapper, optimizer };
}

/** `param_scheduler` for a run of `total` in place of `configured` epochs. */
function planSchedule(config: ConfigObject, total: number, configured: number, notices: string[]): ModuleConfig[] {
  const rules = modulesAt(config, 'param_scheduler');
  if (total === configured) return rules;
  const scaled = rules.map((rule) => scaledRule(rule, total, configured));
  const steps = scaled.flatMap((rule) => (Array.isArray(rule.milestones) ? rule.milestones : []));
  const falls = steps.length > 0 ? `: learning rate falls after epochs ${steps.join(', ')}` : '';
  notices.push(`schedule of ${configured} epochs fitted to ${total}${falls}`);
  return scaled;
}

/** What does less than it says, since it counts epochs and the loop iterations, or the other way round. */
function unitNotices(config: ConfigObject, loop: TrainLoop, { defaultHooks }: ConfiguredHooks): string[] {
  const notices: string[] = [];
  const { checkpoint } = defaultHooks;
  if (loop.unit === 'iteration' && checkpoint instanceof CheckpointHook && !checkpoint.options.everyIterations)
    notices.push(
      'a checkpoint is written at the end only: default_hooks.checkpoint counts epochs. With by_epoch: false it counts iterations',
    );
  const sampler = at(config, 'train_dataloader.sampler.type');
  if (loop.unit === 'epoch' && typeof sampler === 'string' && /\bInfiniteSampler$/.test(sampler))
    notices.push('InfiniteSampler has no epochs: an epoch is one pass over the images');
  return notices;
}

/** A rule counted in epochs for a run of `epochs` instead of `configured`. Rules counted in iterations (warm-up) stay. */
function scaledRule(rule: ModuleConfig, epochs: number, configured: number): ModuleConfig {
  if (rule.by_epoch === false) return rule;
  const scale = (value: unknown): unknown =>
    typeof value === 'number' ? Math.max(1, Math.floor((value * epochs) / configured)) : value;
  const changed: ModuleConfig = { ...rule };
  for (const key of ['end', 'T_max', 'step_size']) if (key in rule) changed[key] = scale(rule[key]);
  if (typeof rule.begin === 'number') changed.begin = Math.floor((rule.begin * epochs) / configured);
  if (Array.isArray(rule.milestones)) {
    // each after the one before it, and inside the run
    const milestones: number[] = [];
    for (const m of rule.milestones) milestones.push(Math.max(Number(scale(m)), (milestones.at(-1) ?? 0) + 1));
    changed.milestones = milestones.filter((m) => m < epochs);
  }
  return changed;
}
