// A config file with everything it inherits: `_base_` and imports, relative to the file that names them.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../errors';
import { type ConfigObject, countNodes, LIMITS } from './data';
import type { BaseRequest, ConfigDocument, ImportedConfig } from './document';
import { joinBases, mergeConfig } from './merge';
import { readJson } from './read-json';
import { readTypeScript } from './read-typescript';
import { errorAt, type SourceFile } from './source';

/** Extensions a config may have, in the order they are tried when a path has none. */
export const CONFIG_EXTENSIONS = ['.ts', '.json', '.py'] as const;

export interface ReadConfig extends ImportedConfig {
  /** Every file read, bases before the files that inherit from them. */
  files: string[];
}

/**
 * The merged config of one file.
 * @throws DetLabError for a missing file, a syntax error, a cycle, or anything that is not plain data.
 */
export function readConfigFile(file: string): ReadConfig {
  const reading = new Reading();
  const merged = reading.read(path.resolve(file), []);
  return { ...merged, files: reading.files };
}

/** One act of reading: each file is read once, however often it is named. */
class Reading {
  readonly files: string[] = [];
  private readonly done = new Map<string, ImportedConfig>();

  read(file: string, stack: string[]): ImportedConfig {
    const known = this.done.get(file);
    if (known) return known;
    if (stack.includes(file))
      throw new DetLabError(`Cannot read ${file}: it inherits from itself.\n  ${[...stack, file].join('\n  -> ')}`);
    if (stack.length >= LIMITS.inheritance)
      throw new DetLabError(
        `Cannot read ${file}: more than ${LIMITS.inheritance} configs inherit from one another.\n  ${stack.join('\n  -> ')}`,
      );
    if (this.done.size >= LIMITS.files)
      throw new DetLabError(`Cannot read ${stack[0]}: it is made of more than ${LIMITS.files} files`);
    const below = [...stack, file];
    const source = readSource(file);
    const load = (request: BaseRequest) => this.read(resolveRequest(request), below);
    const document = readDocument(source, load);
    const bases = document.bases.map((base) => ({ name: base.request, config: load(base).config }));
    const merged = { config: inherit(document.config, bases, file), exports: document.exports };
    this.done.set(file, merged);
    this.files.push(file);
    return merged;
  }
}

function readDocument(source: SourceFile, load: (request: BaseRequest) => ImportedConfig): ConfigDocument {
  const extension = path.extname(source.path);
  if (extension === '.ts') return readTypeScript(source, load);
  if (extension === '.json') return readJson(source);
  if (extension === '.py')
    throw new DetLabError(
      `Cannot read ${source.path}: Python configs are not supported yet. Write it as a .ts or .json config with the same keys`,
    );
  throw new DetLabError(`Cannot read ${source.path}: expected a ${CONFIG_EXTENSIONS.join(', ')} file`);
}

function inherit(config: ConfigObject, bases: { name: string; config: ConfigObject }[], file: string): ConfigObject {
  const merged = mergeConfig(config, joinBases(bases, file), { child: file });
  if (countNodes(merged) > LIMITS.nodes)
    throw new DetLabError(`Cannot read ${file}: with its bases it holds more than ${LIMITS.nodes} values`);
  return merged;
}

function readSource(file: string): SourceFile {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) throw new DetLabError(`Cannot read ${file}: no such file.${neighbours(file)}`);
  if (!stats.isFile()) throw new DetLabError(`Cannot read ${file}: expected a file, this is a folder or a device`);
  if (stats.size > LIMITS.fileBytes)
    throw new DetLabError(
      `Cannot read ${file}: it has ${stats.size} bytes, a config has at most ${LIMITS.fileBytes}. Keep large data in files of its own`,
    );
  return { path: file, text: readFileSync(file, 'utf8').replace(/^\uFEFF/, '') };
}

/** The absolute path a `_base_` or an import means. @throws DetLabError at its place when there is no such file. */
function resolveRequest({ request, place }: BaseRequest): string {
  if (request.includes('::'))
    throw errorAt(place, `"${request}" names a config of another package. Give the path of the file itself`);
  const wanted = path.resolve(path.dirname(place.source.path), request);
  const found = findConfigFile(wanted);
  if (found) return found;
  throw errorAt(place, `there is no config "${request}" (looked for ${wanted}).${neighbours(wanted)}`);
}

/**
 * The config file at `wanted`: the path as it is, else with an extension added; a `.py` that is not there stands for the
 * `.ts` or `.json` of the same name, so that MMDetection's own base paths can stay as they are.
 */
export function findConfigFile(wanted: string): string | undefined {
  const isConfig = (file: string) =>
    CONFIG_EXTENSIONS.some((e) => file.endsWith(e)) && !file.endsWith('.d.ts') && existsSync(file);
  const stem = wanted.endsWith('.py') ? wanted.slice(0, -3) : wanted;
  return [wanted, ...CONFIG_EXTENSIONS.map((extension) => stem + extension)].find(isConfig);
}

/** ` Did you mean "x.ts"?` from the files that lie beside `file`. */
function neighbours(file: string): string {
  const folder = path.dirname(file);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return ` The folder ${folder} does not exist`;
  const names = readdirSync(folder).filter((name) => CONFIG_EXTENSIONS.some((extension) => name.endsWith(extension)));
  const stems = names.map((name) => path.basename(name, path.extname(name)));
  return didYouMean(path.basename(file, path.extname(file)), stems);
}
