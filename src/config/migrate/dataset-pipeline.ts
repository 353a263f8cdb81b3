// Up to version 0.6 (and in many tutorials for 1.x) the options of the pipeline were the dataset's: img_scale, flip_ratio, ...

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, take } from './changes';

const KEYS = [
  'img_scale',
  'img_norm_cfg',
  'size_divisor',
  'flip_ratio',
  'with_mask',
  'with_crowd',
  'with_label',
  'with_semantic_seg',
  'seg_scale_factor',
  'multiscale_mode',
  'resize_keep_ratio',
  'extra_aug',
  'proposal_file',
  'num_max_proposals',
];

/** Former `extra_aug` options and their transforms, in order of application. */
const EXTRA = {
  photo_metric_distortion: 'PhotoMetricDistortion',
  expand: 'Expand',
  random_crop: 'MinIoURandomCrop',
} as const;

/** The 2.x pipeline that corresponds to the options of `dataset`, which are removed from it. */
export function pipelineOfOptions(
  dataset: ConfigObject,
  training: boolean,
  path: string,
  changes: Changes,
): ConfigValue[] | undefined {
  if (dataset.img_scale === undefined && dataset.img_norm_cfg === undefined) return undefined;
  const { proposal_file: proposals } = dataset;
  const given = Object.fromEntries(
    KEYS.filter((key) => key !== 'proposal_file').map((key) => [key, take(dataset, key)]),
  );
  changes.note(`${path}.{${KEYS.filter((key) => given[key] !== undefined).join(', ')}}`, 'pipeline');
  const masks: ConfigObject = given.with_mask === true ? { with_mask: true } : {};
  if (given.with_semantic_seg === true)
    changes.leave(`${path}.with_semantic_seg`, 'semantic segmentation maps are not supported');
  const extra = isObject(given.extra_aug) && training ? given.extra_aug : {};
  if (training) changes.unknownKeys(extra, Object.keys(EXTRA), `${path}.extra_aug`);
  const random = Object.entries(EXTRA).flatMap(([key, type]): ConfigObject[] => {
    const options = extra[key];
    return isObject(options) ? [{ type, ...options }] : [];
  });
  const steps: (ConfigObject | undefined)[] = [
    { type: 'LoadImageFromFile', backend_args: null },
    typeof proposals === 'string'
      ? defined({ type: 'LoadProposals', num_max_proposals: given.num_max_proposals })
      : undefined,
    training ? { type: 'LoadAnnotations', with_bbox: true, ...masks } : undefined,
    ...random,
    defined({
      type: 'Resize',
      img_scale: given.img_scale,
      multiscale_mode: given.multiscale_mode,
      keep_ratio: given.resize_keep_ratio ?? true,
    }),
    training ? { type: 'RandomFlip', flip_ratio: given.flip_ratio ?? 0 } : undefined,
    isObject(given.img_norm_cfg) ? { type: 'Normalize', ...given.img_norm_cfg } : undefined,
    given.size_divisor === undefined || given.size_divisor === null
      ? undefined
      : { type: 'Pad', size_divisor: given.size_divisor },
    training ? undefined : { type: 'LoadAnnotations', with_bbox: true, ...masks },
    training
      ? { type: 'Collect' }
      : { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
  ];
  return steps.filter((step) => step !== undefined);
}
