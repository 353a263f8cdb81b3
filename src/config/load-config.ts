// Loads a config by name or path, with options that override its values.

import path from 'node:path';
import type { ConfigName } from './config-names';
import { type ConfigObject, type ConfigValue, cloneConfig } from './data';
import { findConfig } from './find-config';
import { applyOptions, applyOptionsToDict, parseOptionArguments } from './options';
import type { Dict } from './python/values';
import { type ReadSettings, readConfigFile } from './read-files';

export interface LoadConfigOptions extends ReadSettings {
  /** `--cfg-options`: dotted paths with values, or `a.b=1` strings. */
  options?: Record<string, ConfigValue> | readonly string[];
  /** Folders in which configs are found by name; default: the built-in configs. */
  roots?: readonly string[];
}

export interface LoadedConfig {
  /** The merged config; the caller may change it. */
  config: ConfigObject;
  /** Every file read, bases first, the config last. */
  files: string[];
  /** The file's name without folder and extension: `faster-rcnn_r50_fpn_1x_coco`. */
  name: string;
  /** Notices that are not errors, e.g. that the config is deprecated. */
  notices: string[];
  /** What the file inherits: its bases merged. */
  inherited: ConfigObject;
}

/**
 * Loads a config by its name under `configs/`, or by its path.
 *
 * @example
 * loadConfig('faster-rcnn_r50_fpn_1x_coco', { options: ['model.neck.num_outs=6'] }).config.model
 * @throws DetLabError with the nearest name when there is no such config, and for an invalid config.
 */
export function loadConfig(nameOrPath: ConfigName, settings: LoadConfigOptions = {}): LoadedConfig {
  const { file, notices } = findConfig(nameOrPath, settings.roots);
  const { config, files, inherited, notices: more } = readConfigFile(file, settings);
  const { options = {} } = settings;
  const byPath = Array.isArray(options) ? parseOptionArguments(options) : (options as Record<string, ConfigValue>);
  const name = path.basename(file, path.extname(file));
  return { config: cloneConfig(applyOptions(config, byPath)), files, inherited, name, notices: [...notices, ...more] };
}

/** A config with Python's types, for printing: tuples and lists, ints and floats are distinct, values have an origin. */
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
