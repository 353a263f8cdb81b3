// `data = dict(samples_per_gpu, train, val, test)` as the data loaders and evaluators of 3.x.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, take } from './changes';
import { migratePipeline, type Preprocessing } from './pipeline';

const PHASES = ['train', 'val', 'test'] as const;

export function migrateData(config: ConfigObject, changes: Changes, preprocessing: Preprocessing): void {
  for (const name of ['train_pipeline', 'val_pipeline', 'test_pipeline']) {
    const steps = config[name];
    if (Array.isArray(steps)) config[name] = migratePipeline(steps, name, changes, preprocessing);
  }
  const { evaluation } = config;
  const data = take(config, 'data');
  if (!isObject(data)) return;
  const batch = data.samples_per_gpu ?? data.imgs_per_gpu;
  for (const key of ['samples_per_gpu', 'imgs_per_gpu'])
    if (data[key] !== undefined) changes.note(`data.${key}`, 'train_dataloader.batch_size');
  if (data.workers_per_gpu !== undefined) changes.note('data.workers_per_gpu', '*_dataloader.num_workers');
  for (const phase of PHASES) {
    const dataset = objectAt(data, phase);
    if (!dataset) continue;
    changes.note(`data.${phase}`, `${phase}_dataloader.dataset`);
    const training = phase === 'train';
    config[`${phase}_dataloader`] = defined({
      batch_size: training ? (batch ?? 2) : 1,
      num_workers: data.workers_per_gpu ?? 2,
      persistent_workers: true,
      drop_last: training ? undefined : false,
      sampler: { type: 'DefaultSampler', shuffle: training },
      batch_sampler: training ? { type: 'AspectRatioBatchSampler' } : undefined,
      dataset: migrateDataset(dataset, `data.${phase}`, training, changes, preprocessing),
    });
    if (training) continue;
    config[`${phase}_evaluator`] = evaluator(dataset, isObject(evaluation) ? evaluation : {});
    config[`${phase}_cfg`] = { type: phase === 'val' ? 'ValLoop' : 'TestLoop' };
  }
  if (evaluation !== undefined)
    changes.note('evaluation', 'val_evaluator, train_cfg.val_interval and default_hooks.checkpoint.save_best');
}

function migrateDataset(
  dataset: ConfigObject,
  path: string,
  training: boolean,
  changes: Changes,
  preprocessing: Preprocessing,
): ConfigObject {
  const inner = objectAt(dataset, 'dataset');
  if (inner) return { ...dataset, dataset: migrateDataset(inner, `${path}.dataset`, training, changes, preprocessing) };
  const {
    img_prefix,
    seg_prefix,
    proposal_file: _,
    classes,
    pipeline,
    test_mode: __,
    filter_empty_gt,
    ...rest
  } = dataset;
  const old = oldPipeline(rest, training, path, changes);
  const steps = Array.isArray(pipeline) ? pipeline : old;
  if (img_prefix !== undefined) changes.note(`${path}.img_prefix`, 'data_prefix.img');
  if (classes !== undefined) changes.note(`${path}.classes`, 'metainfo.classes');
  return defined({
    ...rest,
    metainfo: classes === undefined ? undefined : { classes },
    data_prefix:
      img_prefix === undefined && seg_prefix === undefined ? undefined : defined({ img: img_prefix, seg: seg_prefix }),
    filter_cfg: training ? { filter_empty_gt: filter_empty_gt ?? true, min_size: 32 } : undefined,
    test_mode: training ? undefined : true,
    pipeline: steps && migratePipeline(steps, `${path}.pipeline`, changes, preprocessing),
  });
}

/** In 1.x a dataset had the options of its pipeline; they are taken out of `dataset`. */
function oldPipeline(
  dataset: ConfigObject,
  training: boolean,
  path: string,
  changes: Changes,
): ConfigValue[] | undefined {
  const keys = [
    'img_scale',
    'img_norm_cfg',
    'size_divisor',
    'flip_ratio',
    'with_mask',
    'with_crowd',
    'with_label',
    'multiscale_mode',
  ];
  const given = Object.fromEntries(keys.map((key) => [key, take(dataset, key)]));
  if (given.img_scale === undefined && given.img_norm_cfg === undefined) return undefined;
  changes.note(`${path}.{${keys.filter((key) => given[key] !== undefined).join(', ')}}`, 'pipeline');
  const masks: ConfigObject = given.with_mask === true ? { with_mask: true } : {};
  const steps: (ConfigObject | undefined)[] = [
    { type: 'LoadImageFromFile', backend_args: null },
    training ? { type: 'LoadAnnotations', with_bbox: given.with_label !== false, ...masks } : undefined,
    defined({ type: 'Resize', img_scale: given.img_scale, multiscale_mode: given.multiscale_mode, keep_ratio: true }),
    training ? { type: 'RandomFlip', flip_ratio: given.flip_ratio ?? 0.5 } : undefined,
    isObject(given.img_norm_cfg) ? { type: 'Normalize', ...given.img_norm_cfg } : undefined,
    given.size_divisor === undefined ? undefined : { type: 'Pad', size_divisor: given.size_divisor },
    training ? undefined : { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Collect' },
  ];
  return steps.filter((step) => step !== undefined);
}

function evaluator(dataset: ConfigObject, evaluation: ConfigObject): ConfigObject {
  if (dataset.type === 'VOCDataset')
    return { type: 'VOCMetric', metric: evaluation.metric ?? 'mAP', eval_mode: '11points' };
  const root = typeof dataset.data_root === 'string' ? dataset.data_root : '';
  const file = dataset.ann_file;
  return defined({
    type: 'CocoMetric',
    ann_file: typeof file === 'string' && root && !file.startsWith(root) ? root.replace(/\/?$/, '/') + file : file,
    metric: evaluation.metric ?? 'bbox',
    format_only: false,
  });
}
