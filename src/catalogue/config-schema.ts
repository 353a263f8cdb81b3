// Schema of a whole config: the keys that mmengine's Runner and the tools of MMDetection and MMYOLO read. Other top-level keys
// are the config's variables.

import { z } from 'zod';
import { dataloaderSchema } from './dataloader-schema';
import { environmentKeys } from './environment-schema';
import { type Kind, moduleOption } from './registry';

/** One module or a list of them. */
const oneOrMore = (kind: Kind) => z.union([moduleOption(kind), z.array(moduleOption(kind))]).nullish();

export const configSchema = z.looseObject({
  model: moduleOption('detector').optional(),
  train_dataloader: dataloaderSchema,
  val_dataloader: dataloaderSchema,
  test_dataloader: dataloaderSchema,
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
  tta_model: moduleOption('tta_model')
    .nullish()
    .describe('merges the views of predict and evaluate with { tta: true }'),
  tta_pipeline: z.array(moduleOption('transform')).nullish().describe('the views, of a TestTimeAug'),
  auto_scale_lr: z
    .strictObject({ enable: z.boolean().optional(), base_batch_size: z.int().positive().optional() })
    .refine((given) => given.enable !== true || given.base_batch_size !== undefined, {
      message: 'expected base_batch_size, the images per step that optimizer.lr is for',
    })
    .nullish(),
  data_preprocessor: z.looseObject({}).nullish(),
  load_from: z.string().nullish(),
  resume: z.boolean().optional(),
  work_dir: z.string().nullish(),
  default_scope: z.string().nullish(),
  custom_imports: z
    .strictObject({
      imports: z.union([z.string(), z.array(z.string())]).optional(),
      allow_failed_imports: z.boolean().optional(),
    })
    .nullish(),
  ...environmentKeys,
});

/** Every key that is read at the top of a config. */
export const TOP_KEYS: readonly string[] = Object.keys(configSchema.shape);

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
  runtime_info: 'RuntimeInfoHook',
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
