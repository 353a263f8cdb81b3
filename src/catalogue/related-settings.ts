// Settings that a run does not act on because of other settings of the same config.

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type ConfigNotice, valueText } from './config-notices';
import { withStandardTypes } from './config-schema';
import { usesOf } from './unread-keys';

type Options = Record<string, unknown>;
const isOptions = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const optionsOf = (value: unknown): Options => (isOptions(value) ? value : {});

/**
 * @example findRelatedSettings({ val_dataloader: { drop_last: true } })
 */
export function findRelatedSettings(config: Options): ConfigNotice[] {
  return [
    ...['val', 'test'].flatMap((part) => [
      ...annotationFiles(config, part),
      ...droppedBatches(config, part),
      ...unfiltered(config, part),
    ]),
    ...tooManyWorkers(config),
    ...lossScale(config),
    ...constructorOptions(config),
    ...formerNames(config),
    ...withoutValidation(config),
    ...logUnit(config),
    ...undrawn(config),
    ...unreadText(config),
    ...['train', 'val', 'test'].flatMap((part) => [...unreadMaps(config, part)]),
  ];
}

/** Settings that count epochs in a training loop of iterations, or the other way round. */
export function findUnitSettings(config: Options): ConfigNotice[] {
  const { train_cfg: loop, default_hooks: hooks, train_dataloader: loader } = withStandardTypes(config);
  const { type } = optionsOf(loop);
  if (typeof type !== 'string') return [];
  const countsIterations = /\bIterBasedTrainLoop$/.test(type);
  const { type: hook = 'CheckpointHook', by_epoch: byEpoch = true } = optionsOf(optionsOf(hooks).checkpoint);
  const { type: sampler } = optionsOf(optionsOf(loader).sampler);
  const notices: ConfigNotice[] = [];
  if (countsIterations && /\bCheckpointHook$/.test(String(hook)) && byEpoch !== false)
    notices.push({
      paths: ['default_hooks.checkpoint'],
      message:
        'only a final checkpoint is written: default_hooks.checkpoint counts epochs, train_cfg iterations. ' +
        'Set default_hooks.checkpoint.by_epoch: false',
      lost: true,
    });
  if (!countsIterations && /\bInfiniteSampler$/.test(String(sampler)))
    notices.push({
      paths: ['train_dataloader.sampler'],
      message: 'InfiniteSampler has no epochs: an epoch is one pass over the images',
      lost: false,
    });
  return notices;
}

/** The dataset inside all wrappers; undefined where there are several. */
function innermost(value: unknown): Options | undefined {
  const dataset = optionsOf(value);
  if (Array.isArray(dataset.datasets)) return undefined;
  return dataset.dataset === undefined ? dataset : innermost(dataset.dataset);
}

/** The ground truth is that of the dataset, whatever file and, of panoptic maps, folder the metric names. */
function* annotationFiles(config: Options, part: string): Generator<ConfigNotice> {
  const evaluator = config[`${part}_evaluator`];
  const metrics = [evaluator].flat();
  const dataset = innermost(optionsOf(config[`${part}_dataloader`]).dataset) ?? {};
  const { data_root: root } = dataset;
  const inRoot = (name: unknown): string | undefined =>
    typeof name === 'string' ? path.join(typeof root === 'string' ? root : '', name) : undefined;
  for (const [i, value] of metrics.entries()) {
    const metric = optionsOf(value);
    const read: Record<string, string | undefined> = { ann_file: inRoot(dataset.ann_file) };
    if (/\bCocoPanopticMetric$/.test(String(metric.type))) read.seg_prefix = inRoot(optionsOf(dataset.data_prefix).seg);
    for (const [option, own] of Object.entries(read)) {
      const given = metric[option];
      if (typeof given !== 'string' || own === undefined || path.resolve(own) === path.resolve(given)) continue;
      yield {
        paths: [`${part}_evaluator${Array.isArray(evaluator) ? `.${i}` : ''}.${option}`],
        message: `"${given}" is not read: the ground truth is that of ${part}_dataloader.dataset, "${own}"`,
        lost: true,
      };
    }
  }
}

function* droppedBatches(config: Options, part: string): Generator<ConfigNotice> {
  const { drop_last: dropLast, num_batch_per_epoch: count } = optionsOf(config[`${part}_dataloader`]);
  const message = 'it is not acted on: an evaluation is on all images';
  if (dropLast === true) yield { paths: [`${part}_dataloader.drop_last`], message, lost: true };
  if (typeof count === 'number') yield { paths: [`${part}_dataloader.num_batch_per_epoch`], message, lost: true };
}

function* unfiltered(config: Options, part: string): Generator<ConfigNotice> {
  const { filter_cfg: filter, test_mode: isTest } = innermost(optionsOf(config[`${part}_dataloader`]).dataset) ?? {};
  if (isTest === true || !Object.values(optionsOf(filter)).some(Boolean)) return;
  yield {
    paths: [`${part}_dataloader.dataset.filter_cfg`],
    message: 'it is not acted on: an evaluation is on all images',
    lost: true,
  };
}

/** A folder of semantic maps that no step of the pipeline reads. */
function* unreadMaps(config: Options, part: string): Generator<ConfigNotice> {
  let at = `${part}_dataloader.dataset`;
  let dataset = optionsOf(optionsOf(config[`${part}_dataloader`]).dataset);
  const isRead = saysTrue(dataset, 'with_seg');
  for (; isOptions(dataset.dataset); dataset = dataset.dataset) at += '.dataset';
  const { seg } = optionsOf(dataset.data_prefix);
  if (typeof seg !== 'string' || seg === '' || isRead || /PanopticDataset$/.test(String(dataset.type))) return;
  yield {
    paths: [`${at}.data_prefix.seg`],
    message: `${valueText(seg)} has no effect: semantic maps are read by LoadAnnotations with with_seg: true, of which there is none`,
    lost: false,
  };
}

/** Whether an option of that name is true anywhere in a value. */
const saysTrue = (value: unknown, name: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((value as Options)[name] === true || Object.values(value).some((one) => saysTrue(one, name)));

function* lossScale({ optim_wrapper: wrapper }: Options): Generator<ConfigNotice> {
  const { type, dtype, loss_scale: scale } = optionsOf(wrapper);
  if (!/\bAmpOptimWrapper$/.test(String(type)) || dtype === 'float16' || scale === undefined || scale === 'dynamic')
    return;
  yield {
    paths: ['optim_wrapper.loss_scale'],
    message: `${valueText(scale)} has no effect: bfloat16 needs no scale, and a run is in it unless dtype is "float16"`,
    lost: false,
  };
}

/** Options of one constructor of the optimizer's groups beside the other. */
/** What constructors read of paramwise_cfg; every other option is DefaultOptimWrapperConstructor's. */
const CONSTRUCTOR_OPTIONS: Partial<Record<string, readonly string[]>> = {
  YOLOv5OptimizerConstructor: ['base_total_batch_size'],
  YOLOv7OptimWrapperConstructor: ['base_total_batch_size'],
  LearningRateDecayOptimizerConstructor: ['num_layers', 'decay_rate', 'decay_type'],
  LearningRateDecayOptimWrapperConstructor: ['layer_decay_rate'],
};
/** Those that apply the other options too. */
const RULES_TOO = new Set(['LearningRateDecayOptimWrapperConstructor']);

function* constructorOptions({ optim_wrapper: wrapper }: Options): Generator<ConfigNotice> {
  const { constructor: named, optimizer, paramwise_cfg: paramwise } = optionsOf(wrapper);
  // every object has a `constructor`, a function; one named in the config is a string
  const name = String(named).replace(/^.*\./, '');
  const own = CONSTRUCTOR_OPTIONS[name];
  for (const key of Object.keys(optionsOf(paramwise))) {
    const readers = Object.keys(CONSTRUCTOR_OPTIONS).filter((other) => CONSTRUCTOR_OPTIONS[other]?.includes(key));
    const isRead = own?.includes(key) || (readers.length === 0 && (own === undefined || RULES_TOO.has(name)));
    if (isRead) continue;
    const who = own && !RULES_TOO.has(name) ? `${name} reads ${own.join(', ')} alone` : `${readers[0]} reads it`;
    yield { paths: [`optim_wrapper.paramwise_cfg.${key}`], message: `it is not acted on: ${who}`, lost: true };
  }
  if ('batch_size_per_gpu' in optionsOf(optimizer) && !own?.includes('base_total_batch_size'))
    yield {
      paths: ['optim_wrapper.optimizer.batch_size_per_gpu'],
      message: 'it is not acted on: YOLOv5OptimizerConstructor reads it',
      lost: true,
    };
}

/** Keys of MMDetection 2.x's command line that its users write into configs: a config of 3.x has others. */
const FORMER: Record<string, string> = {
  seed: 'it is not read: set randomness.seed',
  deterministic: 'it is not read: a run with a seed can be repeated',
  gpu_ids: 'it is not read: a run is one process',
  auto_resume: 'it is not read: set resume',
};

function* formerNames(config: Options): Generator<ConfigNotice> {
  for (const [key, message] of Object.entries(FORMER)) {
    const value = config[key];
    if (value === undefined || value === null || usesOf(key, value, config).length > 0) continue;
    yield { paths: [key], message, lost: key === 'seed' || key === 'auto_resume' };
  }
}

function* tooManyWorkers(config: Options): Generator<ConfigNotice> {
  const cores = availableParallelism();
  const paths = ['train', 'val', 'test'].flatMap((part) => {
    const { num_workers: count } = optionsOf(config[`${part}_dataloader`]);
    return typeof count === 'number' && count > cores ? [`${part}_dataloader.num_workers`] : [];
  });
  if (paths.length === 0) return;
  yield {
    paths,
    message: `more threads than the ${cores} processors here are not started`,
    lost: false,
  };
}

function* withoutValidation(config: Options): Generator<ConfigNotice> {
  if (config.val_cfg !== null || config.train_cfg === undefined) return;
  yield {
    paths: ['val_cfg'],
    message: 'null does not switch evaluations off: a run with validation images evaluates on them. Give it none',
    lost: false,
  };
}

/** Settings of a DetVisualizationHook that does not draw. */
function* undrawn(config: Options): Generator<ConfigNotice> {
  const { default_hooks: hooks } = withStandardTypes(config);
  const { type, draw, ...given } = optionsOf(optionsOf(hooks).visualization);
  if (draw === true || !/\bDetVisualizationHook$/.test(String(type))) return;
  for (const key of ['show', 'test_out_dir'])
    if (given[key])
      yield {
        paths: [`default_hooks.visualization.${key}`],
        message: 'it is not acted on without draw: true',
        lost: true,
      };
}

/** `by_epoch` of the log, where it is not what the loop counts. */
function* logUnit(config: Options): Generator<ConfigNotice> {
  const { train_cfg: loop, log_processor: log } = withStandardTypes(config);
  const { by_epoch: byEpoch } = optionsOf(log);
  const { type } = optionsOf(loop);
  if (typeof byEpoch !== 'boolean' || typeof type !== 'string') return;
  if (byEpoch === !/\bIterBasedTrainLoop$/.test(type)) return;
  yield {
    paths: ['log_processor.by_epoch'],
    message: `${byEpoch} has no effect: the log counts what the ${type} counts`,
    lost: false,
  };
}

/** Names of classes as text, for a detector that has no language model to read them. */
function* unreadText(config: Options): Generator<ConfigNotice> {
  if (optionsOf(config.model).language_model !== undefined) return;
  for (const part of ['train', 'val', 'test']) {
    const dataset = innermost(optionsOf(config[`${part}_dataloader`]).dataset);
    if (dataset?.return_classes !== true) continue;
    yield {
      paths: [`${part}_dataloader.dataset.return_classes`],
      message: `${part}_dataloader.dataset.return_classes: true has no effect: the detector reads no text`,
      lost: false,
    };
  }
}
