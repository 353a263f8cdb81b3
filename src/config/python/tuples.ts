// Converts lists to tuples and integers to floats where MMDetection requires them: plain data has only lists and numbers, but
// it distinguishes a pair from a list, and 1.0 from 1.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { fromPlain } from './plain';
import { Dict, Tuple, type Value } from './values';

const KEYS = [
  'scale',
  'scales',
  'img_scale',
  'crop_size',
  'size',
  'border',
  'ratio_range',
  'scaling_ratio_range',
  'center_ratio_range',
  'random_size_range',
  'contrast_range',
  'saturation_range',
  'min_ious',
  'meta_keys',
  'classes',
  'neg_iou_thr',
  'n_holes',
  'scale_factor',
  'pretrain_img_size',
  'order',
];

/** Options of which MMDetection takes a whole number for something else than the same float, or refuses it. */
const FLOATS = ['class_weight', 'bg_cls_weight', 'normalizer', 'neg_iou_thr', 'prob'];

/** @example pairsAsTuples({ scale: [1333, 800] }) // scale=(1333, 800) */
export function pairsAsTuples(config: ConfigObject): Dict {
  const dict = new Dict();
  for (const [key, value] of Object.entries(config))
    dict.set(key, FLOATS.includes(key) ? withFloats(value, KEYS.includes(key)) : withTuples(value, KEYS.includes(key)));
  return dict;
}

function withFloats(value: ConfigValue, asTuple: boolean): Value {
  if (!Array.isArray(value)) return typeof value === 'number' ? value : withTuples(value, asTuple);
  const items = value.map((item) => withFloats(item, false));
  return asTuple ? new Tuple(items) : items;
}

function withTuples(value: ConfigValue, asTuple: boolean): Value {
  if (isObject(value)) return pairsAsTuples(value);
  if (!Array.isArray(value)) return fromPlain(value);
  const nested = value.some((item) => Array.isArray(item) || isObject(item));
  const items = value.map((item) => withTuples(item, asTuple && nested));
  return asTuple && !nested ? new Tuple(items) : items;
}
