// From a config and the options of `fit` to the settings of the training loop: MMDetection's keys in, the loop's out.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import {
  buildPipeline,
  createLoader,
  type DataProblem,
  type Dataset,
  type DatasetPlan,
  type Loader,
  type PipelineStage,
  planDataset,
} from '../data';
import type { Precision } from '../engine';
import { DetLabError } from '../errors';
import type { ScalarRecord } from '../training/history';
import type { LearningRatePlan } from '../training/learning-rates';
import type { StepEvent, TrainOptions } from '../training/loop';
import type { AveragePlan } from '../training/weight-average';
import { catalogue } from './catalogue';
import { at, modulesAt, numberAt, objectAt } from './config-access';
import { evaluationIntervals, hookPlans, type Switches } from './hook-plans';

export interface FitOptions {
  /** Whole passes over the training images; the config's by default. Its schedule is stretched to fit. */
  epochs?: number;
  /** Learning rate after warm-up. */
  lr?: number;
  /** Images an iteration. */
  batch?: number;
  /**
   * Mixed precision (bfloat16); true and false override the config. It saves memory, and time where the processor has
   * instructions for it: the log's first line tells.
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
  checkpoint?: TrainOptions['checkpoint'];
  /** Epochs between evaluations; the config's by default. */
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

export interface RunPlan {
  maxEpochs: number;
  seed: number;
  precision?: Precision;
  optimWrapper: ModuleConfig;
  paramScheduler: ModuleConfig[];
  evaluationInterval: TrainOptions['evaluationInterval'];
  checkpoint: NonNullable<TrainOptions['checkpoint']>;
  logInterval: number;
  logWindow: number;
  batchSize: number;
  average?: AveragePlan;
  rates?: LearningRatePlan;
  /** Other transforms from some epoch on, and what YOLOX changes in its last epochs. */
  switches: Switches;
  /** What a person should know about how the config was changed. */
  notices: string[];
}

const AP = 'coco/bbox_mAP';

export function planRun(config: ConfigObject, options: FitOptions): RunPlan {
  const notices: string[] = [];
  const configured = numberAt(config, 'train_cfg.max_epochs') ?? 12;
  const maxEpochs = options.epochs ?? configured;
  const batchSize = options.batch ?? numberAt(config, 'train_dataloader.batch_size') ?? 2;

  const wrapper = objectAt(config, 'optim_wrapper');
  const optimizer = { ...objectAt(config, 'optim_wrapper.optimizer') };
  if (options.lr !== undefined) optimizer.lr = options.lr;
  const scaling = objectAt(config, 'auto_scale_lr');
  if (scaling.enable === true && typeof scaling.base_batch_size === 'number' && options.lr === undefined) {
    optimizer.lr = (Number(optimizer.lr) * batchSize) / scaling.base_batch_size;
    notices.push(`learning rate scaled to ${optimizer.lr} for ${batchSize} images an iteration (auto_scale_lr)`);
  }

  if ('batch_size_per_gpu' in optimizer) optimizer.batch_size_per_gpu = batchSize;
  const hooks = hookPlans(config, maxEpochs, configured, notices);

  let paramScheduler = modulesAt(config, 'param_scheduler');
  if (maxEpochs !== configured) {
    paramScheduler = paramScheduler.map((rule) => stretched(rule, maxEpochs, configured));
    const steps = paramScheduler.flatMap((rule) => (Array.isArray(rule.milestones) ? rule.milestones : []));
    notices.push(
      `schedule of ${configured} epochs fitted to ${maxEpochs}${steps.length > 0 ? `: learning rate falls after epochs ${steps.join(', ')}` : ''}`,
    );
  }

  const hook = objectAt(config, 'default_hooks.checkpoint');
  const saveBest = hook.save_best === 'auto' ? AP : hook.save_best;
  const checkpoint = {
    interval: numberAt(config, 'default_hooks.checkpoint.interval') ?? 1,
    maxKeep: numberAt(config, 'default_hooks.checkpoint.max_keep_ckpts') ?? 1,
    saveBest: typeof saveBest === 'string' ? saveBest : undefined,
    ...options.checkpoint,
  };
  const lowPrecision = at(config, 'optim_wrapper.dtype') === 'float16' ? 'float16' : 'bfloat16';
  return {
    maxEpochs,
    seed: options.seed ?? 0,
    precision: options.amp === undefined ? undefined : options.amp ? lowPrecision : 'float32',
    optimWrapper: { ...wrapper, optimizer } as unknown as ModuleConfig,
    paramScheduler,
    evaluationInterval: options.evaluateEvery ?? evaluationIntervals(config, maxEpochs, configured),
    checkpoint,
    logInterval: options.logInterval ?? numberAt(config, 'default_hooks.logger.interval') ?? 50,
    logWindow: numberAt(config, 'log_processor.window_size') ?? 50,
    batchSize,
    ...hooks,
    notices,
  };
}

/** A rule counted in epochs for a run of `epochs` instead of `configured`. Rules counted in iterations (warm-up) stay. */
function stretched(rule: ModuleConfig, epochs: number, configured: number): ModuleConfig {
  if (rule.by_epoch === false) return rule;
  const scale = (value: unknown): unknown =>
    typeof value === 'number' ? Math.max(1, Math.floor((value * epochs) / configured)) : value;
  const changed: ModuleConfig = { ...rule };
  for (const key of ['end', 'T_max', 'step_size']) if (key in rule) changed[key] = scale(rule[key]);
  if (typeof rule.begin === 'number') changed.begin = Math.floor((rule.begin * epochs) / configured);
  if (Array.isArray(rule.milestones)) {
    // each behind the one before it, and inside the run
    const milestones: number[] = [];
    for (const m of rule.milestones) milestones.push(Math.max(Number(scale(m)), (milestones.at(-1) ?? 0) + 1));
    changed.milestones = milestones.filter((m) => m < epochs);
  }
  return changed;
}

/** The loader of the training images: those and the transforms that the config asks for, epoch by epoch. */
export function trainLoader(
  data: Dataset,
  config: ConfigObject,
  plan: Pick<RunPlan, 'batchSize' | 'seed' | 'switches'>,
  { workers, onProblem }: { workers?: number; onProblem: (problem: DataProblem) => void },
): Loader {
  const path = 'train_dataloader.dataset';
  const dataset = planDataset(objectAt(config, path) as ModuleConfig, path);
  const left: DataProblem[] = [];
  const records = dataset.arrange(data.records, left);
  for (const problem of left) onProblem(problem);
  const build = ({ pipeline, options }: Pick<DatasetPlan, 'pipeline' | 'options'>, name: string) =>
    buildPipeline(pipeline, catalogue, name, options);
  const stages: PipelineStage[] = [{ from: 0, pipeline: build(dataset, 'train_pipeline') }];
  const { mode, pipelines } = plan.switches;
  if (mode) {
    const less = planDataset(objectAt(config, path) as ModuleConfig, path, mode.skip);
    stages.push({ from: mode.from, pipeline: build(less, 'train_pipeline') });
  }
  for (const { from, pipeline } of pipelines) {
    if (dataset.options.inner)
      throw new DetLabError(
        'Cannot switch the pipeline of a MultiImageMixDataset: its images are loaded by the data set inside. ' +
          'Use YOLOXModeSwitchHook in place of PipelineSwitchHook',
      );
    stages.push({ from, pipeline: build({ pipeline, options: {} }, 'switch_pipeline') });
  }
  stages.sort((a, b) => a.from - b.from);
  return createLoader({ ...data, records }, stages, {
    batchSize: plan.batchSize,
    seed: plan.seed,
    shuffle: at(config, 'train_dataloader.sampler.shuffle') !== false,
    aspectRatioGrouping: at(config, 'train_dataloader.batch_sampler.type') === 'AspectRatioBatchSampler',
    dropLast: at(config, 'train_dataloader.drop_last') === true,
    workers,
    onProblem,
  });
}
