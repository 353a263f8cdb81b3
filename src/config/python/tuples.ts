// Converts lists to tuples where mmcv requires them: plain data has only lists, but mmcv distinguishes a pair from a list.

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
];

/** @example pairsAsTuples({ scale: [1333, 800] }) // scale=(1333, 800) */
export function pairsAsTuples(config: ConfigObject): Dict {
  const dict = new Dict();
  for (const [key, value] of Object.entries(config)) dict.set(key, withTuples(value, KEYS.includes(key)));
  return dict;
}

function withTuples(value: ConfigValue, asTuple: boolean): Value {
  if (isObject(value)) return pairsAsTuples(value);
  if (!Array.isArray(value)) return fromPlain(value);
  const nested = value.some((item) => Array.isArray(item) || isObject(item));
  const items = value.map((item) => withTuples(item, asTuple && nested));
  return asTuple && !nested ? new Tuple(items) : items;
}
