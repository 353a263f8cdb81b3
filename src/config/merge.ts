// Inheritance: a child config overrides its bases by mmengine's rules.
//   object over object     merged key by key; `_delete_: true` in the child drops the base's object first
//   object over non-object an error: the child cannot inherit from a number or a list
//   anything else          replaces the base's value, lists as a whole
//   '0', '1', ... over a list, with `listKeys` only: merged into that element

import { DetLabError, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from './data';

export const DELETE_KEY = '_delete_';

export interface MergeOptions {
  /** Allow `'0'`, `'1'`, ... as keys into a list of the base (the rule of `--cfg-options`). */
  listKeys?: boolean;
  /** Path of the two values, for messages. */
  path?: string;
  /** Name of the child in messages. */
  child?: string;
}

/**
 * `child` merged into a copy of `base`.
 *
 * @example
 * mergeConfig({ neck: { num_outs: 6 } }, { neck: { type: 'FPN', num_outs: 5 } }) // { neck: { type: 'FPN', num_outs: 6 } }
 * @throws DetLabError when the child has an object where the base has something else, or an index past a list's end.
 */
export function mergeConfig(child: ConfigObject, base: ConfigObject, options: MergeOptions = {}): ConfigObject {
  return merge(child, base, options.path ?? '', options) as ConfigObject;
}

function merge(
  child: ConfigObject,
  base: ConfigObject | ConfigValue[],
  path: string,
  options: MergeOptions,
): ConfigObject | ConfigValue[] {
  if (Array.isArray(base)) return mergeIntoList(child, base, path, options);
  const merged: ConfigObject = { ...base };
  for (const [key, value] of Object.entries(child)) {
    merged[key] = mergeValue(value, Object.hasOwn(base, key) ? base[key] : undefined, join(path, key), options);
  }
  return merged;
}

function mergeValue(
  value: ConfigValue,
  inherited: ConfigValue | undefined,
  path: string,
  options: MergeOptions,
): ConfigValue {
  // a `_delete_` without a base value stays in the result, as in mmengine
  if (!isObject(value) || inherited === undefined) return cloneConfig(value);
  const { [DELETE_KEY]: remove, ...rest } = value;
  if (isTruthy(remove)) return cloneConfig(rest);
  if (isObject(inherited) || (options.listKeys && Array.isArray(inherited)))
    return merge(rest, inherited, path, options);
  throw new DetLabError(
    `Cannot merge ${options.child ?? 'the config'} into its base at ${path}: an object cannot inherit from ` +
      `${nameOfValue(inherited)}. Write the whole value, or add ${DELETE_KEY}: true to the object to replace the base's value`,
  );
}

function mergeIntoList(child: ConfigObject, base: ConfigValue[], path: string, options: MergeOptions): ConfigValue[] {
  const merged = [...base];
  for (const [key, value] of Object.entries(child)) {
    const at = join(path, key);
    if (!/^\d+$/.test(key))
      throw new DetLabError(
        `Cannot set ${at}: ${path} is a list of ${base.length}, so "${key}" must be an index from 0 to ${base.length - 1}`,
      );
    const index = Number(key);
    if (index >= base.length)
      throw new DetLabError(
        `Cannot set ${at}: index ${key} is past the end of ${path}, a list of ${base.length} (0 to ${base.length - 1})`,
      );
    const element = merged[index];
    if (!isObject(value) || !(isObject(element) || Array.isArray(element)))
      throw new DetLabError(
        `Cannot set ${at} by its index: expected an object to merge into an object, received ${nameOfValue(value)} for ` +
          `${nameOfValue(element)}. Give the whole list: ${path}=[...]`,
      );
    merged[index] = merge(value, element, at, options);
  }
  return merged;
}

/** The union of the bases of one config. @throws DetLabError when two of them set the same key. */
export function joinBases(bases: { name: string; config: ConfigObject }[], child: string): ConfigObject {
  const joined: ConfigObject = {};
  const owner = new Map<string, string>();
  for (const { name, config } of bases) {
    const twice = Object.keys(config).filter((key) => owner.has(key));
    if (twice.length) {
      const list = twice.map((key) => `"${key}" (${owner.get(key)})`).join(', ');
      throw new DetLabError(
        `Cannot inherit in ${child}: the base ${name} sets keys of another base: ${list}. ` +
          'Bases must not share top-level keys: inherit from one of them and override in the child',
      );
    }
    for (const [key, value] of Object.entries(config)) {
      joined[key] = value;
      owner.set(key, name);
    }
  }
  return joined;
}

/** Python's truth value, by which `_delete_` is tested. */
function isTruthy(value: ConfigValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

const join = (path: string, key: string) => (path ? `${path}.${key}` : key);
