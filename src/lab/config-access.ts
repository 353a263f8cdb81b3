// Reading and editing configs by dotted path, never in place: a recipe's edits are new configs.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from '../config';
import { DetLabError } from '../errors';

/** The value at a dotted path, or undefined. */
export function at(config: ConfigValue | undefined, path: string): ConfigValue | undefined {
  let value: ConfigValue | undefined = config;
  for (const key of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value)) value = value[key];
    else return undefined;
  }
  return value;
}

/** The object at a path, or an empty one. */
export function objectAt(config: ConfigObject, path: string): ConfigObject {
  const value = at(config, path);
  return isObject(value) ? value : {};
}

export function numberAt(config: ConfigObject, path: string): number | undefined {
  const value = at(config, path);
  return typeof value === 'number' ? value : undefined;
}

/** The list of module configs at a path; one alone counts as a list of one. */
export function modulesAt(config: ConfigObject, path: string): ModuleConfig[] {
  const value = at(config, path);
  return (Array.isArray(value) ? value : isObject(value) ? [value] : []) as ModuleConfig[];
}

const HEADS = ['roi_head', 'bbox_head'];

/** Every `num_classes` of the model's heads, by path. */
export function classCounts(model: ConfigObject): Map<string, number> {
  const found = new Map<string, number>();
  const walk = (value: ConfigValue, path: string): void => {
    if (Array.isArray(value)) for (const [i, v] of value.entries()) walk(v, `${path}.${i}`);
    else if (isObject(value))
      for (const [key, v] of Object.entries(value)) {
        if (key === 'num_classes' && typeof v === 'number') found.set(`${path}.${key}`, v);
        else walk(v, `${path}.${key}`);
      }
  };
  for (const head of HEADS) if (head in model) walk(model[head], head);
  return found;
}

/** A copy of the model's config without them, so that they come from the data. */
export function withoutClassCounts(model: ConfigObject): ConfigObject {
  const copy = cloneConfig(model);
  for (const path of classCounts(model).keys()) {
    const parent = at(copy, path.slice(0, path.lastIndexOf('.')));
    if (isObject(parent)) delete parent.num_classes;
  }
  return copy;
}

/** The necks (or what else is one config or a list of them) at a path, in the order they run. */
export function necksAt(config: ConfigObject, path: string): ConfigObject[] {
  const value = at(config, path);
  return (Array.isArray(value) ? value : [value]).filter((neck) => isObject(neck));
}

/** @throws DetLabError naming both sides when a head's `num_classes` is not the number of classes. */
export function checkClassCounts(model: ConfigObject, classes: readonly string[], source: string): void {
  for (const [path, count] of classCounts(model)) {
    if (count === classes.length) continue;
    throw new DetLabError(
      `Cannot fit the detector to the data: model.${path} is ${count}, but ${source} has ${classes.length} classes ` +
        `(${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', ...' : ''}). ` +
        `Use .classes(data.classes) on the recipe, or choose classes when the data set is loaded`,
    );
  }
}
