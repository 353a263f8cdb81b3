// Translates a dataset of 1.x or 2.x, wrappers included, to 3.x.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { defined, objectsIn, take } from './changes';
import { pipelineOfOptions } from './dataset-pipeline';
import { migratePipeline } from './pipeline';
import type { PipelineContext } from './pipeline-context';

export interface DatasetContext extends PipelineContext {
  /** The config's `data_root`, a prefix of most paths of its datasets. */
  root?: string;
  training: boolean;
}

const KEYS = [
  'type',
  'ann_file',
  'pipeline',
  'classes',
  'data_root',
  'img_prefix',
  'seg_prefix',
  'seg_suffix',
  'proposal_file',
  'test_mode',
  'filter_empty_gt',
  'file_client_args',
  'min_size',
  'img_subdir',
  'ann_subdir',
  'num_proposals',
  '_delete_',
];
/** Options of OpenImages and LVIS, and options that 3.x added. */
const OTHER_KEYS = [
  'label_file',
  'hierarchy_file',
  'image_level_ann_file',
  'meta_file',
  'get_metas',
  'load_from_file',
  'get_supercategory',
  'get_parent_class',
  'metainfo',
  'data_prefix',
  'filter_cfg',
  'indices',
  'backend_args',
  'samples_per_gpu',
  'ins_ann_file',
];
const XML = /^(VOC|XML|WIDERFace)/;

export function migrateDataset(given: ConfigValue, path: string, context: DatasetContext): ConfigObject {
  if (Array.isArray(given)) {
    context.changes.note(`${path} (a list)`, 'ConcatDataset');
    return concatenated(
      objectsIn(given).map((one, i) => migrateDataset(one, `${path}[${i}]`, context)),
      given.length,
    );
  }
  if (!isObject(given)) {
    context.changes.leave(path, 'expected a dataset, dict(type=...)');
    return {};
  }
  return wrapped(given, path, context) ?? listed(given, path, context) ?? single(given, path, context);
}

/** The wrappers RepeatDataset, ClassBalancedDataset, MultiImageMixDataset and ConcatDataset. */
function wrapped(given: ConfigObject, path: string, context: DatasetContext): ConfigObject | undefined {
  const { dataset, datasets, separate_eval: apart, dynamic_scale: dynamic, pipeline, ...rest } = given;
  if (dataset === undefined && datasets === undefined) return undefined;
  if (apart !== undefined)
    context.changes.leave(
      `${path}.separate_eval`,
      '3.x evaluates concatenated datasets as one; give each an evaluator',
    );
  if (dynamic !== undefined && dynamic !== null)
    context.changes.leave(
      `${path}.dynamic_scale`,
      'use BatchSyncRandomResize in model.data_preprocessor.batch_augments',
    );
  const each = (one: ConfigValue, below: string) => migrateDataset(one, `${path}.${below}`, context);
  return defined({
    ...rest,
    dataset: dataset === undefined ? undefined : each(dataset, 'dataset'),
    datasets: Array.isArray(datasets) ? datasets.map((one, i) => each(one, `datasets[${i}]`)) : undefined,
    pipeline: Array.isArray(pipeline) ? migratePipeline(pipeline, `${path}.pipeline`, context) : pipeline,
  });
}

/** A dataset with several annotation files becomes a concatenation of datasets. */
function listed(given: ConfigObject, path: string, context: DatasetContext): ConfigObject | undefined {
  const { ann_file: files } = given;
  if (!Array.isArray(files)) return undefined;
  context.changes.note(`${path}.ann_file (a list)`, 'ConcatDataset');
  const nth = (value: ConfigValue | undefined, i: number) => (Array.isArray(value) ? value[i] : value);
  const perFile = ['img_prefix', 'seg_prefix', 'proposal_file'] as const;
  return concatenated(
    files.map((file, i) => {
      const paths = Object.fromEntries(perFile.map((key) => [key, nth(given[key], i)]));
      return single(defined({ ...given, ...paths, ann_file: file }), path, context);
    }),
    files.length,
  );
}

/** The years of Pascal VOC have different metainfo, which is ignored when concatenating. */
function concatenated(datasets: ConfigObject[], count: number): ConfigObject {
  if (count === 1) return datasets[0];
  const voc = datasets.some(({ type }) => type === 'VOCDataset');
  return { type: 'ConcatDataset', ...(voc ? { ignore_keys: ['dataset_type'] } : {}), datasets };
}

function single(given: ConfigObject, path: string, context: DatasetContext): ConfigObject {
  const { changes, training } = context;
  const options = { ...given };
  const old = pipelineOfOptions(options, training, path, changes);
  changes.unknownKeys(options, [...KEYS, ...OTHER_KEYS], path);
  const {
    img_prefix,
    seg_prefix,
    classes,
    pipeline,
    test_mode: _,
    filter_empty_gt,
    min_size,
    file_client_args: client,
    samples_per_gpu: __,
    num_proposals: ___,
    data_root: givenRoot,
    ...rest
  } = options;
  for (const key of ['get_metas', 'load_from_file', 'get_supercategory', 'get_parent_class'])
    if (take(rest, key) !== undefined) changes.note(`${path}.${key}`, 'dropped: the default in 3.x');
  if (rest.type === 'CustomDataset') adviseOnCustom(rest, path, context);
  const paths = { ann_file: rest.ann_file, img: img_prefix, seg: seg_prefix, ...pathsIn(rest) };
  const root = givenRoot ?? (startsAll(Object.values(paths), context.root) ? context.root : undefined);
  const inside = (value: ConfigValue | undefined) =>
    givenRoot === undefined && root && typeof value === 'string' && value.startsWith(String(root))
      ? value.slice(String(root).length)
      : value;
  for (const key of Object.keys(pathsIn(rest))) rest[key] = inside(rest[key]) as ConfigValue;
  const folder = rest.type === 'VOCDataset' ? 'sub_data_root' : 'img';
  if (img_prefix !== undefined) changes.note(`${path}.img_prefix`, `data_prefix.${folder}`);
  if (seg_prefix !== undefined) changes.note(`${path}.seg_prefix`, 'data_prefix.seg');
  if (givenRoot === undefined && root !== undefined)
    changes.note(`${path}: paths under data_root`, 'data_root and paths relative to it');
  if (classes !== undefined && classes !== null) changes.note(`${path}.classes`, 'metainfo.classes');
  if (filter_empty_gt !== undefined) changes.note(`${path}.filter_empty_gt`, 'filter_cfg.filter_empty_gt');
  if (min_size !== undefined) changes.note(`${path}.min_size`, 'filter_cfg.bbox_min_size');
  const whole = rest.type !== undefined;
  const steps = Array.isArray(pipeline) ? pipeline : old;
  const { type, ...others } = rest;
  return defined({
    type,
    data_root: root,
    ...others,
    metainfo: classes === undefined || classes === null ? undefined : { classes },
    data_prefix:
      img_prefix === undefined && seg_prefix === undefined
        ? undefined
        : defined({ [folder]: inside(img_prefix), seg: inside(seg_prefix) }),
    filter_cfg:
      training && (whole || filter_empty_gt !== undefined || min_size !== undefined)
        ? defined({
            filter_empty_gt: filter_empty_gt ?? true,
            min_size: 32,
            bbox_min_size: XML.test(String(rest.type)) ? min_size : undefined,
          })
        : undefined,
    test_mode: training || !whole ? undefined : true,
    pipeline: steps && migratePipeline(steps, `${path}.pipeline`, context),
    backend_args: client === undefined ? undefined : isObject(client) && client.backend !== 'disk' ? client : null,
  });
}

/** Options that are paths. */
const pathsIn = (options: ConfigObject): ConfigObject =>
  Object.fromEntries(
    Object.entries(options).filter(
      ([key, value]) => (key.endsWith('_file') || key.endsWith('_prefix')) && typeof value === 'string',
    ),
  );

function startsAll(paths: (ConfigValue | undefined)[], root: string | undefined): boolean {
  const given = paths.filter((value) => typeof value === 'string');
  return root !== undefined && root !== '' && given.length > 0 && given.every((value) => value.startsWith(root));
}

/** In 1.x and 2.x CustomDataset was a format, which is read as it was; it was a common name of user-defined classes, too. */
function adviseOnCustom({ ann_file: file }: ConfigObject, path: string, { changes }: DatasetContext): void {
  const named = typeof file === 'string' && file.endsWith('.json') ? file : 'the file';
  changes.note(
    `${path}.type`,
    `CustomDataset reads the middle format (filename, width, height, ann). If ${named} is in COCO's format, use type='CocoDataset'`,
  );
}
