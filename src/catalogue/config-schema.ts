// Schema of a whole config. Other keys are the config's variables and stay unchecked; so do `tta_model` and `tta_pipeline`,
// since there is no test-time augmentation here.

import { z } from 'zod';
import { type Kind, moduleOption } from './registry';

/** One module or a list of them. */
const oneOrMore = (kind: Kind) => z.union([moduleOption(kind), z.array(moduleOption(kind))]).nullish();

const dataloader = z
  .strictObject({
    dataset: moduleOption('dataset').describe('dataset to read'),
    batch_size: z.int().positive().default(1).describe('images per batch'),
    sampler: moduleOption('data_sampler').nullish().describe('order in which images are read'),
    batch_sampler: moduleOption('data_sampler').nullish().describe('groups images into batches'),
    drop_last: z.boolean().default(false).describe('drop the last batch if it is incomplete'),
    num_workers: z.int().nonnegative().default(0).describe('worker threads that load images'),
    persistent_workers: z.boolean().default(false).describe('accepted: workers always persist'),
    pin_memory: z.boolean().default(false).describe('accepted, without effect'),
    collate_fn: z
      .looseObject({ type: z.string() })
      .nullish()
      .describe('accepted: the data preprocessor collates batches'),
    prefetch_factor: z.int().nullish().describe('accepted: the loader decides how far to prefetch'),
    timeout: z.number().default(0).describe('accepted, without effect'),
    worker_init_fn: z.unknown().optional().describe('accepted, without effect'),
    num_batch_per_epoch: z.int().nullish().describe('accepted, without effect'),
  })
  .nullish();

export const configSchema = z.looseObject({
  model: moduleOption('detector').optional(),
  train_dataloader: dataloader,
  val_dataloader: dataloader,
  test_dataloader: dataloader,
  train_cfg: moduleOption('loop').nullish(),
  val_cfg: moduleOption('loop').nullish(),
  test_cfg: moduleOption('loop').nullish(),
  val_evaluator: oneOrMore('metric'),
  test_evaluator: oneOrMore('metric'),
  optim_wrapper: moduleOption('optim_wrapper').nullish(),
  param_scheduler: oneOrMore('param_scheduler'),
  default_hooks: z.record(z.string(), moduleOption('hook').nullable()).nullish(),
  custom_hooks: z.array(moduleOption('hook')).nullish(),
  log_processor: moduleOption('log_processor').nullish(),
  visualizer: moduleOption('visualizer').nullish(),
  auto_scale_lr: z
    .strictObject({ enable: z.boolean().optional(), base_batch_size: z.int().positive().optional() })
    .nullish(),
  load_from: z.string().nullish(),
  resume: z.boolean().optional(),
});

/** mmengine's default types of keys whose `type` may be left out. */
const STANDARD: Record<string, string> = {
  train_cfg: 'EpochBasedTrainLoop',
  val_cfg: 'ValLoop',
  test_cfg: 'TestLoop',
  optim_wrapper: 'OptimWrapper',
  log_processor: 'LogProcessor',
};
const STANDARD_HOOKS: Record<string, string> = {
  timer: 'IterTimerHook',
  logger: 'LoggerHook',
  param_scheduler: 'ParamSchedulerHook',
  checkpoint: 'CheckpointHook',
  sampler_seed: 'DistSamplerSeedHook',
  visualization: 'DetVisualizationHook',
};

/** A copy of a config with these default types filled in. */
export function withStandardTypes(config: Record<string, unknown>): Record<string, unknown> {
  const typed = (value: unknown, type: string): unknown => (isOptions(value) ? { type, ...value } : value);
  const all = (values: Record<string, unknown>, types: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Object.hasOwn(types, key) ? typed(value, types[key]) : value]),
    );
  const { default_hooks: hooks, train_cfg: loop } = config;
  const whole = all(config, STANDARD);
  if (isOptions(hooks)) whole.default_hooks = all(hooks, STANDARD_HOOKS);
  if (isOptions(loop) && loop.type === undefined) whole.train_cfg = trainLoop(loop);
  return whole;
}

const isOptions = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** mmengine's other way to name a training loop: `by_epoch` in place of `type`. */
const trainLoop = ({ by_epoch: byEpoch, ...options }: Record<string, unknown>) => ({
  type: byEpoch === false ? 'IterBasedTrainLoop' : STANDARD.train_cfg,
  ...options,
});
