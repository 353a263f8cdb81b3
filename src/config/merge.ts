// Inheritance: what a child config says is laid over what its bases say, by mmengine's rules.
//   object over object   merged key by key; `_delete_: true` in the child drops the base's object first
//   object over another  an error: the child cannot inherit from a number or a list
//   anything else        replaces the base's value, lists as a whole
//   '0', '1', ... over a list, with `listKeys` only: merged into that element

import { DetLabError, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from './data';

export const DELETE_KEY = '_delete_';

export interface MergeOptions {
  /** Allow `'0'`, `'1'`, ... as keys into a list of the base (the rule of `--cfg-options`). */
  listKeys?: boolean;
  /** Where the two stand, for messages. */
  path?: string;
  /** What the child is called in messages. */
  child?: string;
}

/**
 * `child` laid over `base`; neither is changed.
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
  // a `_delete_` with nothing below it to delete stays in the result, as in mmengine
  if (!isObject(value) || inherited === undefined) return cloneConfig(value);
  const { [DELETE_KEY]: remove, ...rest } = value;
  if (isTruthy(remove)) return cloneConfig(rest);
  if (isObject(inherited) || (options.listKeys && Array.isArray(inherited)))
    return merge(rest, inherited, path, options);
  throw new DetLabError(
    `Cannot merge ${options.child ?? 'the config'} into its base at ${path}: an object cannot inherit from ` +
      `${nameOfValue(inherited)}. Write the whole value, or add ${DELETE_KEY}: true to the object to replace what was inherited`,
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
        `Cannot set ${at} by its index: an index reaches into objects only, and here ${nameOfValue(value)} would replace ` +
          `${nameOfValue(element)}. Give the whole list: ${path}=[...]`,
      );
    merged[index] = merge(value, element, at, options);
  }
  return merged;
}

/** The bases of one config side by side. @throws DetLabError when two of them set the same key. */
export function joinBases(bases: { name: string; config: ConfigObject }[], child: string): ConfigObject {
  const joined: ConfigObject = {};
  const owner = new Map<string, string>();
  for (const { name, config } of bases) {
    const twice = Object.keys(config).filter((key) => owner.has(key));
    if (twice.length) {
      const list = twice.map((key) => `"${key}" (${owner.get(key)})`).join(', ');
      throw new DetLabError(
        `Cannot inherit in ${child}: the base ${name} sets what another base has set: ${list}. ` +
          'Two bases must not share a top-level key: inherit from one of them and override in the child',
      );
    }
    for (const [key, value] of Object.entries(config)) {
      joined[key] = value;
      owner.set(key, name);
    }
  }
  return joined;
}

/** Python's truth of a value, since that is what `_delete_` is tested by. */
function isTruthy(value: ConfigValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

const join = (path: string, key: string) => (path ? `${path}.${key}` : key);
