// The typed entry point of a config file. Config files are parsed, never executed, so at run time this is the identity; it
// gives the editor MMDetection's keys to complete and check.

import type {
  ConfigOf,
  DatasetConfig,
  DetectorConfig,
  HookConfig,
  MetricConfig,
  ModuleOverride,
  OptimizerConfig,
  ParamSchedulerConfig,
  TransformConfig,
} from './config-types';
import type { Kind, ModuleConfig } from './registry';

/** A whole module, or an override of the base config's. */
type WholeOrPart<K extends Kind> = ConfigOf<K> | ModuleOverride<K>;

/** The keys that are alike with and without a base config. Other keys are variables of the config. */
interface SharedConfig {
  train_pipeline?: TransformConfig[] | null;
  test_pipeline?: TransformConfig[];
  train_dataloader?: DataloaderConfig | null;
  val_dataloader?: DataloaderConfig | null;
  test_dataloader?: DataloaderConfig | null;
  val_evaluator?: EvaluatorConfig | null;
  test_evaluator?: EvaluatorConfig | null;
  train_cfg?: WholeOrPart<'loop'> | null;
  val_cfg?: WholeOrPart<'loop'> | null;
  test_cfg?: WholeOrPart<'loop'> | null;
  param_scheduler?: ParamSchedulerConfig | ParamSchedulerConfig[];
  optim_wrapper?: OptimWrapperConfig | null;
  default_hooks?: Record<string, WholeOrPart<'hook'> | null>;
  custom_hooks?: HookConfig[];
  log_processor?: WholeOrPart<'log_processor'>;
  visualizer?: WholeOrPart<'visualizer'>;
  load_from?: string | null;
  resume?: boolean;
  [variable: string]: unknown;
}

/** A metric, an override of the base config's, or a list of metrics. */
type EvaluatorConfig = MetricConfig | ModuleOverride<'metric'> | MetricConfig[];

/** `train_dataloader`, `val_dataloader`, `test_dataloader`. */
export interface DataloaderConfig {
  batch_size?: number;
  num_workers?: number;
  persistent_workers?: boolean;
  drop_last?: boolean;
  sampler?: WholeOrPart<'data_sampler'> | null;
  batch_sampler?: WholeOrPart<'data_sampler'> | null;
  dataset?: DatasetConfig | ModuleOverride<'dataset'> | WrappedDataset;
  collate_fn?: ModuleConfig;
  pin_memory?: boolean;
  [change: `_${string}_`]: boolean;
}

/** A dataset wrapper. */
interface WrappedDataset {
  type: 'RepeatDataset' | 'ConcatDataset' | 'ClassBalancedDataset' | 'MultiImageMixDataset';
  [option: string]: unknown;
}

interface OptimWrapperConfig {
  type?: 'OptimWrapper' | 'AmpOptimWrapper';
  optimizer?: OptimizerConfig | (Partial<OptimizerConfig> & { _delete_?: boolean });
  clip_grad?: { max_norm: number; norm_type?: number; _delete_?: boolean } | null;
  accumulative_counts?: number;
  dtype?: 'float16' | 'bfloat16' | null;
  loss_scale?: 'dynamic' | number | Record<string, number | boolean>;
  paramwise_cfg?: Record<string, unknown> | null;
  constructor?: unknown;
  _delete_?: boolean;
}

/** A config without a base: its model is complete. */
export interface CompleteConfig extends SharedConfig {
  _base_?: undefined;
  model?: DetectorConfig;
}

/** A config that overrides its base configs. */
export interface InheritingConfig extends SharedConfig {
  /** Paths of the base configs, relative to this file. */
  _base_: string | string[];
  model?: ModuleOverride<'detector'>;
}

/**
 * @example
 * export default defineConfig({
 *   _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
 *   model: { neck: { type: 'PAFPN', out_channels: 256, num_outs: 5 } },
 * });
 */
export function defineConfig(config: CompleteConfig | InheritingConfig): CompleteConfig | InheritingConfig {
  return config;
}
