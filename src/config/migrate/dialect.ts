// Detects the MMDetection version that a config was written for, from keys that only 1.x and 2.x have.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { objectAt, objectsIn } from './changes';

/** Top-level keys of 1.x and 2.x that 3.x does not have. */
export const LEGACY_KEYS = [
  'data',
  'optimizer',
  'optimizer_config',
  'lr_config',
  'momentum_config',
  'runner',
  'total_epochs',
  'evaluation',
  'checkpoint_config',
  'log_config',
  'fp16',
  'resume_from',
  'dist_params',
  'workflow',
] as const;

const LEGACY_STEPS = ['Collect', 'DefaultFormatBundle', 'MultiScaleFlipAug', 'ImageToTensor'];

/** Paths that identify a config of 1.x or 2.x; none for one of 3.x. */
export function legacyPlaces(config: ConfigObject): string[] {
  const places: string[] = LEGACY_KEYS.filter((key) => config[key] !== undefined && !isVariable(config, key));
  const model = objectAt(config, 'model');
  if (model) places.push(...legacyModelPlaces(model));
  for (const [key, value] of Object.entries(config))
    if (key.endsWith('pipeline') && objectsIn(value).some(isLegacyStep)) places.push(key);
  for (const key of ['train_cfg', 'test_cfg'])
    if (['rpn', 'rcnn', 'assigner', 'nms', 'score_thr'].some((part) => objectAt(config, key)?.[part] !== undefined))
      places.push(key);
  return places;
}

export const isLegacyConfig = (config: ConfigObject): boolean => legacyPlaces(config).length > 0;

/** Whether the key is a variable of a 3.x config: `optimizer = dict(...)`, used in optim_wrapper. */
function isVariable(config: ConfigObject, key: string): boolean {
  const text = JSON.stringify(config[key]);
  return (
    (key === 'total_epochs' && objectAt(config, 'train_cfg')?.max_epochs === config[key]) ||
    (key === 'optimizer' && JSON.stringify(objectAt(config, 'optim_wrapper')?.optimizer) === text) ||
    (key === 'data' && !['train', 'val', 'test', 'samples_per_gpu'].some((part) => hasKey(config.data, part)))
  );
}

const hasKey = (value: ConfigValue, key: string) => isObject(value) && value[key] !== undefined;

function legacyModelPlaces(model: ConfigObject): string[] {
  const heads = ['bbox_head', 'rpn_head'].flatMap((key) => objectsIn(model[key]).map((head) => ({ key, head })));
  return [
    ...['pretrained', 'bbox_roi_extractor', 'mask_roi_extractor', 'input_size', 'random_size_range']
      .filter((key) => model[key] !== undefined)
      .map((key) => `model.${key}`),
    ...heads.flatMap(({ key, head }) =>
      ['transformer', 'anchor_scales', 'anchor_strides', 'target_means']
        .filter((option) => head[option] !== undefined)
        .map((option) => `model.${key}.${option}`),
    ),
  ];
}

function isLegacyStep({ type, img_scale, flip_ratio }: ConfigObject): boolean {
  if (LEGACY_STEPS.includes(String(type))) return true;
  return (type === 'Resize' && img_scale !== undefined) || (type === 'RandomFlip' && flip_ratio !== undefined);
}

/**
 * Whether a config is of 1.x, where heads were options of the detector, anchors were options of the heads, and the
 * background counted as a class.
 */
export function isFirstDialect(config: ConfigObject): boolean {
  const model = objectAt(config, 'model');
  const data = objectAt(config, 'data');
  if (model && legacyModelPlaces(model).some((place) => /roi_extractor|anchor_|target_means/.test(place))) return true;
  return data?.imgs_per_gpu !== undefined && data.samples_per_gpu === undefined;
}
