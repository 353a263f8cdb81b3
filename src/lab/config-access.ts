// Reads configs by dotted path. Edits return new configs.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from '../config/data';
import { DetLabError } from '../errors';

/** The value at a dotted path, or undefined. */
export function valueAt(config: ConfigValue | undefined, path: string): ConfigValue | undefined {
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
  const value = valueAt(config, path);
  return isObject(value) ? value : {};
}

export function numberAt(config: ConfigObject, path: string): number | undefined {
  const value = valueAt(config, path);
  return typeof value === 'number' ? value : undefined;
}

/** What models that train or track another one call it: the detector with a backbone, a neck and heads. */
const INNER = ['detector', 'architecture'];

/** The path of the detector: `model`, or `model.detector` of one that tracks or teaches, `model.architecture` of one that is distilled. */
export function detectorPath(config: ConfigObject): string {
  let path = 'model';
  for (;;) {
    const inner = INNER.find((name) => isObject(objectAt(config, path)[name]));
    if (inner === undefined) return path;
    path = `${path}.${inner}`;
  }
}

/** The options of the data preprocessor of images: of one with branches, those that all have. */
export function preprocessorOptions(config: ConfigObject): ConfigObject {
  const places = ['model', detectorPath(config)].map((path) => objectAt(config, `${path}.data_preprocessor`));
  const inner = places.flatMap((one) => [objectAt(one, 'data_preprocessor'), one]);
  return inner.find((one) => Object.keys(one).some((key) => key !== 'type' && !isObject(one[key]))) ?? places[0];
}

/** A copy of the config with another detector at its path. */
export function withDetector(config: ConfigObject, change: (detector: ConfigObject) => ConfigObject): ConfigObject {
  const copy = cloneConfig(config);
  const path = detectorPath(copy);
  const at = path.lastIndexOf('.');
  const parent = at < 0 ? copy : objectAt(copy, path.slice(0, at));
  parent[path.slice(at + 1)] = change(objectAt(copy, path));
  return copy;
}

/** The list of module configs at a path; a single config counts as a list of one. */
export function modulesAt(config: ConfigObject, path: string): ModuleConfig[] {
  const value = valueAt(config, path);
  return (Array.isArray(value) ? value : isObject(value) ? [value] : []) as ModuleConfig[];
}

/** The teacher of LAD assigns the student's classes; LD's is a model of its own, whose classes nobody reads. */
const HEADS = ['roi_head', 'bbox_head', 'mask_head', 'teacher_bbox_head', 'track_head', 'head'];

/** Whether a detector finds what a text names: its classes are no layers of it. */
export const readsText = (model: ConfigObject): boolean => isObject(model.language_model);

/** Every `num_classes` of the model's heads, by path; none where classes are names in a text. */
export function classCounts(model: ConfigObject): Map<string, number> {
  const counts = new Map<string, number>();
  if (readsText(model)) return counts;
  const walk = (value: ConfigValue, path: string): void => {
    if (Array.isArray(value)) for (const [i, v] of value.entries()) walk(v, `${path}.${i}`);
    else if (isObject(value))
      for (const [key, v] of Object.entries(value)) {
        if (key === 'num_classes' && typeof v === 'number') counts.set(`${path}.${key}`, v);
        else walk(v, `${path}.${key}`);
      }
  };
  const panoptic = PANOPTIC_HEADS.find((name) => isObject(model[name]));
  if (panoptic) return panopticCount(panoptic, model[panoptic] as ConfigObject);
  for (const head of HEADS) if (head in model) walk(model[head], head);
  for (const name of INNER) {
    const inner = model[name];
    if (!isObject(inner)) continue;
    for (const [path, count] of classCounts(inner)) counts.set(`${name}.${path}`, count);
  }
  return counts;
}

/** Heads that know things and stuff; the fusion head has the same numbers. */
const PANOPTIC_HEADS = ['panoptic_head', 'semantic_head'];

/** Things and stuff together; none where the data determines them. */
function panopticCount(name: string, head: ConfigObject): Map<string, number> {
  const { num_things_classes: things, num_stuff_classes: stuff = 53 } = head;
  if (typeof things !== 'number' || typeof stuff !== 'number') return new Map();
  return new Map([[`${name}.num_things_classes + num_stuff_classes`, things + stuff]]);
}

/** A copy of the model's config without `num_classes`, so that the data determines it. */
export function withoutClassCounts(model: ConfigObject): ConfigObject {
  const copy = cloneConfig(model);
  if (PANOPTIC_HEADS.some((name) => isObject(model[name]))) {
    for (const name of [...PANOPTIC_HEADS, 'panoptic_fusion_head']) {
      const head = copy[name];
      if (isObject(head)) delete head.num_things_classes;
    }
    if (!isObject(copy.roi_head)) return copy;
    return { ...copy, roi_head: withoutClassCounts({ roi_head: copy.roi_head }).roi_head };
  }
  for (const path of classCounts(model).keys()) {
    const parent = valueAt(copy, path.slice(0, path.lastIndexOf('.')));
    if (isObject(parent)) delete parent.num_classes;
  }
  return copy;
}

/** The necks (or other modules given as one config or a list) at a path, in order. */
export function necksAt(config: ConfigObject, path: string): ConfigObject[] {
  const value = valueAt(config, path);
  return (Array.isArray(value) ? value : [value]).filter((neck) => isObject(neck));
}

/** @throws DetLabError when a head's `num_classes` is not the number of classes, naming both */
export function checkClassCounts(model: ConfigObject, classes: readonly string[], source: string): void {
  for (const [path, count] of classCounts(model)) {
    if (count === classes.length) continue;
    throw new DetLabError(
      `Cannot fit the detector to the data: model.${path} is ${count}, but ${source} has ${classes.length} classes ` +
        `(${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', ...' : ''}). ` +
        `Use .classes(data.classes) on the recipe, or load the dataset with { classes: [...] }`,
    );
  }
}
