// A config by name or path, with options laid over it.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../errors';
import { packageRoot } from '../paths';
import { type ConfigObject, type ConfigValue, cloneConfig } from './data';
import { applyOptions, applyOptionsToDict, parseOptionArguments } from './options';
import type { Dict } from './python/values';
import { CONFIG_EXTENSIONS, findConfigFile, type ReadSettings, readConfigFile } from './read-files';

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
  const file = findConfig(nameOrPath, settings.roots ?? [configRoot()]);
  const { config, files, notices } = readConfigFile(file, settings);
  const { options = {} } = settings;
  const byPath = Array.isArray(options) ? parseOptionArguments(options) : (options as Record<string, ConfigValue>);
  const name = path.basename(file, path.extname(file));
  return { config: cloneConfig(applyOptions(config, byPath)), files, name, notices };
}

/** A config as Python has it, for printing: tuples and lists, ints and floats stay apart, values know where they come from. */
export function loadDict(
  nameOrPath: string,
  settings: LoadConfigOptions = {},
): { dict: Dict; notices: string[]; file: string } {
  const file = findConfig(nameOrPath, settings.roots ?? [configRoot()]);
  const { dict, notices } = readConfigFile(file, settings);
  return { dict: settings.options ? applyOptionsToDict(dict, settings.options) : dict, notices, file };
}

/** The folder of this package's own configs. */
export const configRoot = () => path.join(packageRoot, 'configs');

/** Folders of what configs are made of, and is none itself. */
const PARTS = ['_base_', 'common'];

/** Names of the configs under `roots`, with their files; the parts under `_base_` and `common` are left out. */
export function listConfigs(roots: readonly string[] = [configRoot()]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const root of roots) {
    if (!existsSync(root)) continue;
    for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      const extension = path.extname(entry);
      if (!CONFIG_EXTENSIONS.some((e) => e === extension) || entry.endsWith('.d.ts')) continue;
      if (entry.split(path.sep).some((folder) => PARTS.includes(folder))) continue;
      const name = path.basename(entry, extension);
      found.set(name, [...(found.get(name) ?? []), path.join(root, entry)]);
    }
  }
  return found;
}

function findConfig(nameOrPath: string, roots: readonly string[]): string {
  const hasExtension = CONFIG_EXTENSIONS.some((extension) => nameOrPath.endsWith(extension));
  const isPath = hasExtension || /[\\/]/.test(nameOrPath);
  const configs = listConfigs(roots);
  if (!isPath) {
    const files = configs.get(nameOrPath);
    if (files?.length === 1) return files[0];
    if (files)
      throw new DetLabError(
        `Cannot choose a config named "${nameOrPath}": ${files.length} files have this name. Give the path of one:\n  ${files.join('\n  ')}`,
      );
  }
  for (const folder of [process.cwd(), ...(isPath ? roots : [])]) {
    const file = findConfigFile(path.resolve(folder, nameOrPath));
    if (file) return file;
  }
  const name = path.basename(nameOrPath, hasExtension ? path.extname(nameOrPath) : '');
  const where = isPath
    ? `no such file, seen from ${process.cwd()}`
    : `no config has this name under ${roots.join(', ')}`;
  throw new DetLabError(
    `Cannot find the config "${nameOrPath}": ${where}.${didYouMean(name, configs.keys())}\n  Known: ${[...configs.keys()].join(', ') || 'none'}`,
  );
}
