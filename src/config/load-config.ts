// A config by name or path, with options laid over it.

import path from 'node:path';
import { type ConfigObject, type ConfigValue, cloneConfig } from './data';
import { findConfig } from './find-config';
import { applyOptions, applyOptionsToDict, parseOptionArguments } from './options';
import type { Dict } from './python/values';
import { type ReadSettings, readConfigFile } from './read-files';

export interface LoadConfigOptions extends ReadSettings {
  /** `--cfg-options`: dotted paths with values, or `a.b=1` strings. */
  options?: Record<string, ConfigValue> | readonly string[];
  /** Folders searched for a config by its bare name; this package's `configs/` by default. */
  roots?: readonly string[];
}

export interface LoadedConfig {
  /** The merged config; the caller may change it. */
  config: ConfigObject;
  /** Every file read, bases first, the config itself last. */
  files: string[];
  /** The file's name without folder and extension: `faster-rcnn_r50_fpn_1x_coco`. */
  name: string;
  /** What is to be told and is no error, as that the config is deprecated. */
  notices: string[];
}

/**
 * Reads a config by the name it has under `configs/`, or by its path.
 *
 * @example
 * loadConfig('faster-rcnn_r50_fpn_1x_coco', { options: ['model.neck.num_outs=6'] }).config.model
 * @throws DetLabError with the nearest name when there is no such config, and for everything wrong inside it.
 */
export function loadConfig(nameOrPath: string, settings: LoadConfigOptions = {}): LoadedConfig {
  const { file, notices } = findConfig(nameOrPath, settings.roots);
  const { config, files, notices: more } = readConfigFile(file, settings);
  const { options = {} } = settings;
  const byPath = Array.isArray(options) ? parseOptionArguments(options) : (options as Record<string, ConfigValue>);
  const name = path.basename(file, path.extname(file));
  return { config: cloneConfig(applyOptions(config, byPath)), files, name, notices: [...notices, ...more] };
}

/** A config as Python has it, for printing: tuples and lists, ints and floats stay apart, values know where they come from. */
export function loadDict(
  nameOrPath: string,
  settings: LoadConfigOptions = {},
): { dict: Dict; notices: string[]; file: string } {
  const { file, notices } = findConfig(nameOrPath, settings.roots);
  const { dict, notices: more } = readConfigFile(file, settings);
  return {
    dict: settings.options ? applyOptionsToDict(dict, settings.options) : dict,
    notices: [...notices, ...more],
    file,
  };
}
