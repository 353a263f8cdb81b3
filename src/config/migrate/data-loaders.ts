// Translates `data = dict(samples_per_gpu, train, val, test)` to the data loaders and evaluators of 3.x.

import path from 'node:path';
import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { mergeConfig } from '../merge';
import { type Changes, defined, layOver, objectAt, take, takeObject } from './changes';
import { type DatasetContext, migrateDataset } from './dataset';
import { evaluatorOf } from './evaluator';
import { migratePipeline } from './pipeline';
import type { PipelineContext } from './pipeline-context';

const PHASES = ['train', 'val', 'test'] as const;
type Phase = (typeof PHASES)[number];

const LOADER_KEYS = [
  'samples_per_gpu',
  'imgs_per_gpu',
  'workers_per_gpu',
  'persistent_workers',
  'pin_memory',
  'shuffle',
];
const KEYS = [...LOADER_KEYS, ...PHASES, ...PHASES.map((phase) => `${phase}_dataloader`), '_delete_'];

/** Top-level pipelines, which datasets refer to. */
export function migratePipelines(config: ConfigObject, context: PipelineContext): void {
  for (const [key, value] of Object.entries(config)) {
    if (!key.endsWith('pipeline') || !Array.isArray(value) || !value.every((step) => isObject(step))) continue;
    config[key] = migratePipeline(value, key, context);
  }
}

/**
 * Whether evaluation needs ground-truth masks: `segm` is measured, or no metric is given and the model predicts masks.
 */
export function needsMasks({ evaluation, model }: ConfigObject): boolean {
  if (evaluation === undefined) return hasMaskHead(model);
  const metric = isObject(evaluation) ? evaluation.metric : undefined;
  return [metric].flat().includes('segm');
}

const hasMaskHead = (model: ConfigValue | undefined): boolean =>
  isObject(model) && [model, model.roi_head].some((part) => isObject(part) && part.mask_head !== undefined);

export function migrateData(config: ConfigObject, context: PipelineContext): void {
  const { evaluation } = config;
  const { changes } = context;
  const data = takeObject(config, 'data', changes);
  if (data) {
    changes.unknownKeys(data, KEYS, 'data');
    noteLoaders(data, changes);
    dropVariables(config, data, changes);
    const root = typeof config.data_root === 'string' ? config.data_root : undefined;
    for (const phase of PHASES) migratePhase(config, data, phase, { ...context, root });
  }
  if (evaluation !== undefined) changes.note('evaluation', 'val_evaluator, and train_cfg.val_interval');
  if (data === undefined && evaluation === undefined) return;
  for (const phase of ['val', 'test'] as const)
    evaluate(config, phase, isObject(evaluation) ? evaluation : {}, changes);
}

/** Datasets defined as top-level variables are inlined where they are used. */
function dropVariables(config: ConfigObject, data: ConfigObject, changes: Changes): void {
  const text = JSON.stringify(data);
  for (const [key, value] of Object.entries(config)) {
    if (!isObject(value) || !['ann_file', 'dataset', 'datasets'].some((part) => value[part] !== undefined)) continue;
    if (!text.includes(JSON.stringify(value))) continue;
    delete config[key];
    changes.note(key, 'inlined in the datasets');
  }
}

function noteLoaders(data: ConfigObject, changes: Changes): void {
  for (const key of ['samples_per_gpu', 'imgs_per_gpu'])
    if (data[key] !== undefined) changes.note(`data.${key}`, 'train_dataloader.batch_size');
  if (data.workers_per_gpu !== undefined) changes.note('data.workers_per_gpu', '*_dataloader.num_workers');
}

function migratePhase(
  config: ConfigObject,
  data: ConfigObject,
  phase: Phase,
  shared: PipelineContext & { root?: string },
) {
  const { changes } = shared;
  const training = phase === 'train';
  const key = `${phase}_dataloader`;
  const given = data[phase];
  const base = objectAt(config, key);
  const settings = { ...pick(data, LOADER_KEYS), ...objectAt(data, key) };
  if (given === undefined && !base) return;
  const context: DatasetContext = { ...shared, training };
  const dataset = given === undefined ? undefined : migrateDataset(given, `data.${phase}`, context);
  if (given !== undefined) changes.note(`data.${phase}`, `${key}.dataset`);
  const perTest = isObject(given) ? given.samples_per_gpu : undefined;
  const batch = training
    ? (settings.samples_per_gpu ?? settings.imgs_per_gpu)
    : (objectAt(data, key)?.samples_per_gpu ?? perTest);
  const workers = settings.workers_per_gpu;
  const balanced = settings.class_aware_sampler;
  const loader = defined({
    batch_size: batch ?? (base ? undefined : training ? 2 : 1),
    num_workers: workers ?? (base ? undefined : 2),
    persistent_workers: base ? undefined : (settings.persistent_workers ?? workers !== 0),
    pin_memory: settings.pin_memory,
    drop_last: training || base ? undefined : false,
    sampler: base ? undefined : samplerOf(config, training, settings.shuffle, balanced),
    batch_sampler:
      training && !base && dataset?.type !== 'MultiImageMixDataset' ? { type: 'AspectRatioBatchSampler' } : undefined,
  });
  if (balanced !== undefined) changes.note(`data.${key}.class_aware_sampler`, `${key}.sampler (ClassAwareSampler)`);
  config[key] = base ? mergeConfig(loader, base) : loader;
  if (dataset) layOverDataset(config[key] as ConfigObject, dataset);
  if (!training && (given !== undefined || !base))
    config[`${phase}_cfg`] ??= { type: phase === 'val' ? 'ValLoop' : 'TestLoop' };
}

const pick = (from: ConfigObject, keys: readonly string[]): ConfigObject =>
  Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));

function samplerOf(
  config: ConfigObject,
  training: boolean,
  shuffle: ConfigValue | undefined,
  balanced?: ConfigValue,
): ConfigObject {
  if (isObject(balanced)) return { type: 'ClassAwareSampler', ...balanced };
  const { runner } = config;
  const endless = training && isObject(runner) && runner.type === 'IterBasedRunner';
  return { type: endless ? 'InfiniteSampler' : 'DefaultSampler', shuffle: shuffle ?? training };
}

/** A dataset without a type overrides the one inside the wrappers of the base. */
function layOverDataset(loader: ConfigObject, dataset: ConfigObject): void {
  let at = loader;
  if (dataset.type === undefined)
    while (objectAt(objectAt(at, 'dataset') ?? {}, 'dataset')) at = at.dataset as ConfigObject;
  const base = objectAt(at, 'dataset');
  const paths = ['ann_file', 'data_prefix', 'proposal_file'].some((key) => dataset[key] !== undefined);
  if (base && paths && dataset.data_root !== base.data_root) spellOutRoot(base);
  layOver(at, 'dataset', dataset);
}

/** Paths in 2.x are relative to the working directory: those of the base are written out likewise. */
function spellOutRoot(base: ConfigObject): void {
  const root = take(base, 'data_root');
  if (typeof root !== 'string') return;
  const from = (value: ConfigValue) =>
    typeof value === 'string' && value !== '' ? path.posix.join(root, value) : value;
  for (const key of ['ann_file', 'proposal_file']) if (base[key] !== undefined) base[key] = from(base[key]);
  const prefix = objectAt(base, 'data_prefix');
  if (prefix) for (const key of Object.keys(prefix)) prefix[key] = from(prefix[key]);
}

/** In 1.x the metric was a command-line option: default to what the model predicts. */
const withDefaultMetric = (config: ConfigObject, evaluation: ConfigObject): ConfigObject =>
  config.evaluation === undefined && hasMaskHead(config.model) ? { metric: ['bbox', 'segm'] } : evaluation;

/** The evaluator of a phase, merged over that of a 3.x base. */
function evaluate(config: ConfigObject, phase: 'val' | 'test', evaluation: ConfigObject, changes: Changes): void {
  const key = `${phase}_evaluator`;
  const base = config[key];
  const dataset = objectAt(objectAt(config, `${phase}_dataloader`) ?? {}, 'dataset');
  if (!dataset) return;
  const evaluator = evaluatorOf(dataset, withDefaultMetric(config, evaluation), changes);
  if (base === undefined) config[key] = evaluator;
  else if (!isObject(base))
    changes.leave(key, `the base has several evaluators, \`evaluation\` is one: write them out`);
  else {
    const { type, metric, format_only: _, eval_mode: __, ...changed } = evaluator;
    const same = type === base.type;
    config[key] = same
      ? { ...base, ...changed, ...(evaluation.metric === undefined ? {} : defined({ metric })) }
      : evaluator;
  }
}
