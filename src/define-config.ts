// The typed entry of a config file. Config files are parsed, never executed, so at run time this is the identity; what it
// brings is the editor's knowledge of MMDetection's keys.

import type {
  DetectorConfig,
  MetricConfig,
  ModuleOverride,
  OptimizerConfig,
  ParamSchedulerConfig,
  TransformConfig,
} from './config-types';
import type { ModuleConfig } from './registry';

/** The parts of a config that are the same with and without a base. Other keys are the config's own variables. */
interface SharedConfig {
  train_pipeline?: TransformConfig[];
  test_pipeline?: TransformConfig[];
  train_dataloader?: DataloaderConfig;
  val_dataloader?: DataloaderConfig;
  test_dataloader?: DataloaderConfig;
  val_evaluator?: EvaluatorConfig;
  test_evaluator?: EvaluatorConfig;
  train_cfg?: { type?: string; max_epochs?: number; val_interval?: number; [option: string]: unknown };
  param_scheduler?: ParamSchedulerConfig[];
  optim_wrapper?: OptimWrapperConfig;
  default_hooks?: Record<string, ModuleConfig | { [option: string]: unknown }>;
  load_from?: string | null;
  resume?: boolean;
  [variable: string]: unknown;
}

/** Metrics of MMDetection's configs that DetLab reads past: the first metric of a list is the one that is computed. */
interface ForeignMetric {
  type: 'CityScapesMetric';
  [option: string]: unknown;
}

/** A metric, what a config changes in its base's, or several. */
type EvaluatorConfig = MetricConfig | ModuleOverride<'metric'> | (MetricConfig | ForeignMetric)[];

interface DataloaderConfig {
  batch_size?: number;
  num_workers?: number;
  dataset?: ModuleConfig | { [option: string]: unknown };
  [option: string]: unknown;
}

interface OptimWrapperConfig {
  type?: 'OptimWrapper' | 'AmpOptimWrapper';
  optimizer?: OptimizerConfig | (Partial<OptimizerConfig> & { _delete_?: boolean });
  clip_grad?: { max_norm: number; norm_type?: number } | null;
  [option: string]: unknown;
}

/** A config that stands by itself: its model is complete. */
export interface CompleteConfig extends SharedConfig {
  _base_?: undefined;
  model?: DetectorConfig;
}

/** A config that says what it changes in its bases. */
export interface InheritingConfig extends SharedConfig {
  /** Paths of the configs it inherits from, relative to this file. */
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
