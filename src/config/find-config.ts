// Finds a config's file by its name under `configs/` or by its path. Names are {algorithm}_{components}_{settings}_{data}, as
// in MMDetection 3.x; names of 2.x, with underscores only, are resolved to the new ones.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { distance } from 'fastest-levenshtein';
import { DetLabError } from '../errors';
import { packageRoot } from '../paths';
import { normalizedName } from './config-names';
import { CONFIG_EXTENSIONS, findConfigFile } from './read-files';

/** The folder of the built-in configs. */
export const configRoot = () => path.join(packageRoot, 'configs');

/** Folders of fragments that are not configs themselves. */
const PARTS = ['_base_', 'common'];

/** Names of the configs under `roots`, with their files; without the fragments in `_base_` and `common`. */
export function listConfigs(roots: readonly string[] = [configRoot()]): Map<string, string[]> {
  const configs = new Map<string, string[]>();
  for (const root of roots) {
    if (!existsSync(root)) continue;
    for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      const extension = path.extname(entry);
      if (!CONFIG_EXTENSIONS.some((e) => e === extension) || entry.endsWith('.d.ts')) continue;
      if (entry.split(path.sep).some((folder) => PARTS.includes(folder))) continue;
      const name = path.basename(entry, extension);
      configs.set(name, [...(configs.get(name) ?? []), path.join(root, entry)]);
    }
  }
  return configs;
}

export interface FoundConfig {
  file: string;
  /** Notices about the name, e.g. that it was renamed. */
  notices: string[];
}

/** @throws DetLabError with the nearest names when there is no such config. */
export function findConfig(nameOrPath: string, roots: readonly string[] = [configRoot()]): FoundConfig {
  const extension = CONFIG_EXTENSIONS.find((known) => nameOrPath.endsWith(known)) ?? '';
  const isPath = extension !== '' || /[\\/]/.test(nameOrPath);
  const configs = listConfigs(roots);
  const named = isPath ? undefined : configs.get(nameOrPath);
  if (named) return { file: onlyOne(nameOrPath, named), notices: [] };
  for (const folder of [process.cwd(), ...(isPath ? roots : [])]) {
    const file = findConfigFile(path.resolve(folder, nameOrPath));
    if (file) return { file, notices: [] };
  }
  const name = path.basename(nameOrPath, extension);
  const renamed = isPath ? [] : [...configs.keys()].filter((known) => normalizedName(known) === normalizedName(name));
  if (renamed.length === 1) {
    const [now] = renamed;
    const notices = [`the config "${nameOrPath}" was renamed to "${now}"`];
    return { file: onlyOne(now, configs.get(now)!), notices };
  }
  const where = isPath
    ? `no such file, relative to ${process.cwd()}`
    : `no config has this name ${roots.every((root) => root === configRoot()) ? "among DetLab's" : `under ${roots.join(', ')}`}`;
  throw new DetLabError(`Cannot find the config "${nameOrPath}": ${where}. ${suggestion(name, [...configs.keys()])}`);
}

function onlyOne(name: string, files: readonly string[]): string {
  if (files.length === 1) return files[0];
  throw new DetLabError(
    `Cannot resolve the config "${name}": ${files.length} files have this name. Give the path of one:\n  ${files.join('\n  ')}`,
  );
}

const SUGGESTED = 3;
/** Edit distance of a typing error; beyond it, several names may be meant. */
const MAX_TYPO = 2;

/** The nearest names, if any, and how to list all. */
function suggestion(name: string, known: readonly string[]): string {
  const normalized = normalizedName(name);
  const near = known
    .map((one) => ({ one, far: distance(normalized, normalizedName(one)) }))
    .filter(({ one, far }) => far <= Math.max(2, 0.4 * Math.max(normalized.length, one.length)))
    .sort((a, b) => a.far - b.far)
    .filter(({ far }, _, [best]) => far <= (best.far <= MAX_TYPO ? best.far : best.far + MAX_TYPO))
    .slice(0, SUGGESTED)
    .map(({ one }) => `"${one}"`);
  const meant = near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : '';
  const names = 'Names are {algorithm}_{components}_{settings}_{data}';
  return `${meant}${known.length > 0 ? `${near.length > 0 ? '' : `${names}; `}\`detlab configs\` lists all ${known.length}` : 'There are no configs'}`;
}
