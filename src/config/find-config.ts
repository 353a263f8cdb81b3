// Finds a config's file by its name under `configs/` or by its path. Names are {algorithm}_{components}_{settings}_{data}, as
// in MMDetection 3.x; names of 2.x, with underscores only, are resolved to the new ones.

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
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
    for (const entry of configFiles(root).sort()) {
      const name = path.basename(entry, path.extname(entry));
      configs.set(name, [...(configs.get(name) ?? []), path.join(root, entry)]);
    }
  }
  return configs;
}

/** Paths below `root` of the files of configs: a listing by folders, since Node's recursive one asks the disk for every file. */
function configFiles(root: string, folder = ''): string[] {
  const here = path.join(root, folder);
  return readdirSync(here, { withFileTypes: true }).flatMap((entry): string[] => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && leadsElsewhere(here, entry.name)))
      return PARTS.includes(entry.name) ? [] : configFiles(root, place);
    const isConfig = CONFIG_EXTENSIONS.some((e) => e === path.extname(entry.name)) && !entry.name.endsWith('.d.ts');
    return isConfig && !PARTS.includes(entry.name) ? [place] : [];
  });
}

/** Whether a link is to a folder that is not around it. */
function leadsElsewhere(folder: string, name: string): boolean {
  const link = path.join(folder, name);
  if (!statSync(link, { throwIfNoEntry: false })?.isDirectory()) return false;
  return !`${realpathSync(folder)}${path.sep}`.startsWith(`${realpathSync(link)}${path.sep}`);
}

export interface FoundConfig {
  file: string;
  /** Notices about the name, e.g. that it was renamed. */
  notices: string[];
}

/** Files of the built-in configs by name, as they were last listed. */
const own = new Map<string, string>();

/** The files of a name. The built-in configs are listed once, unless the file is gone. */
function filesOf(name: string, roots: readonly string[]): string[] | undefined {
  const isOwn = roots.length === 1 && roots[0] === configRoot();
  const known = isOwn ? own.get(name) : undefined;
  if (known && existsSync(known)) return [known];
  const configs = listConfigs(roots);
  if (isOwn) for (const [each, files] of configs) if (files.length === 1) own.set(each, files[0]);
  return configs.get(name);
}

/** @throws DetLabError with the nearest names when there is no such config. */
export function findConfig(nameOrPath: string, roots: readonly string[] = [configRoot()]): FoundConfig {
  const extension = CONFIG_EXTENSIONS.find((known) => nameOrPath.endsWith(known)) ?? '';
  const isPath = extension !== '' || /[\\/]/.test(nameOrPath);
  const named = isPath ? undefined : filesOf(nameOrPath, roots);
  if (named) return { file: onlyOne(nameOrPath, named), notices: [] };
  for (const folder of [process.cwd(), ...(isPath ? roots : [])]) {
    const file = findConfigFile(path.resolve(folder, nameOrPath));
    if (file) return { file, notices: [] };
  }
  const name = path.basename(nameOrPath, extension);
  const configs = listConfigs(roots);
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
