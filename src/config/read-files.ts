// Reads a config file with its bases (`_base_` and imports), relative to the file that names them.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../errors';
import { packageRoot } from '../paths';
import { builtInConfig } from './built-in-configs';
import { type ConfigObject, countNodes, LIMITS } from './data';
import type { BaseRequest, ConfigDocument, ImportedConfig } from './document';
import { joinBases, mergeConfig } from './merge';
import { withBudget } from './python/budget';
import { mergeDicts } from './python/merge';
import { fromPlainObject, toPlainObject } from './python/plain';
import type { PythonConfig } from './python/python-config';
import { readPython } from './python/reading';
import { Dict, PythonError } from './python/values';
import { readJson } from './read-json';
import { readTypeScript } from './read-typescript';
import { type PackageRoots, packageFile, packageRoots, readableFrom } from './roots';
import { errorAt, type SourceFile } from './source';

/** Extensions of configs, in the order in which they are tried for a path without one. */
export const CONFIG_EXTENSIONS = ['.ts', '.json', '.py'] as const;

export interface ReadConfig extends ImportedConfig {
  /** Every file read, bases before the files that inherit from them. */
  files: string[];
  /** The config with Python's types: tuples and lists, ints and floats are distinct. */
  dict: Dict;
  /** Notices, e.g. that a config is deprecated. */
  notices: string[];
  /** What the file inherits: its bases merged. */
  inherited: ConfigObject;
}

export interface ReadSettings {
  /** Config folders of packages, for `_base_ = 'mmdet::...'`. */
  packages?: PackageRoots;
  /** Record the origin of every value. */
  explain?: boolean;
  /** Variables for `{{$NAME:default}}`; default: the process's environment. */
  environment?: Record<string, string | undefined>;
}

/** Names of attributes of mmengine's Config. */
const RESERVED_KEYS = ['filename', 'text', 'pretty_text', 'env_variables'];

/**
 * The merged config of one file.
 * @throws DetLabError for a missing file, a syntax error, a cycle, or anything that is not plain data.
 */
export function readConfigFile(file: string, settings: ReadSettings = {}): ReadConfig {
  const top = path.resolve(file);
  const reading = new Reading(top, settings);
  const { config, dict, exports } = withBudget(() => reading.read(top, []));
  const reserved = top.endsWith('.py') ? RESERVED_KEYS.find((key) => dict.has(key)) : undefined;
  if (reserved)
    throw new DetLabError(`Cannot read ${top}: the name "${reserved}" is reserved by mmengine. Rename the variable`);
  return {
    config,
    dict,
    exports,
    files: reading.files,
    notices: [...reading.notices, ...replacementNotice(top, reading)],
    inherited: Object.assign({}, ...reading.bases.map((base) => base.config)),
  };
}

/** One file, merged with its bases. */
interface MergedFile extends ImportedConfig {
  dict: Dict;
  /** Set for Python files. */
  python?: PythonConfig;
}

/** The reading of one config: each file is read once, however often it is named. */
class Reading {
  readonly files: string[] = [];
  readonly notices: string[] = [];
  /** What the top file names as its bases. */
  readonly bases: MergedFile[] = [];
  /** Missing bases of MMDetection's, and the built-in configs read instead. */
  readonly replacedBases = new Map<string, string>();
  private readonly done = new Map<string, MergedFile>();
  private readonly packages: PackageRoots;
  private readable?: (file: string) => boolean;

  constructor(
    private readonly top: string,
    private readonly settings: ReadSettings,
  ) {
    this.packages = packageRoots(settings.packages);
  }

  read(file: string, stack: string[], as?: 'new'): MergedFile {
    const merged = this.readOnce(file, stack, as);
    if (stack.length === 1) this.bases.push(merged);
    return merged;
  }

  private readOnce(file: string, stack: string[], as?: 'new'): MergedFile {
    const known = this.done.get(file);
    if (known) return known;
    if (stack.includes(file))
      throw new DetLabError(`Cannot read ${file}: it inherits from itself.\n  ${[...stack, file].join('\n  -> ')}`);
    if (stack.length >= LIMITS.inheritance)
      throw new DetLabError(
        `Cannot read ${file}: more than ${LIMITS.inheritance} levels of inheritance.\n  ${stack.join('\n  -> ')}`,
      );
    if (this.done.size >= LIMITS.files)
      throw new DetLabError(
        `Cannot read ${stack[0]}: expected at most ${LIMITS.files} files with all bases, it has more`,
      );
    const below = [...stack, file];
    const source = readSource(file);
    const merged = file.endsWith('.py') ? this.python(source, below, as) : this.document(source, below);
    this.done.set(file, merged);
    this.files.push(file);
    return merged;
  }

  private document(source: SourceFile, below: string[]): MergedFile {
    const load = (request: BaseRequest) => this.read(this.resolve(request), below);
    const document = readDocument(source, load);
    const bases = document.bases.map((base) => ({ name: base.request, ...load(base) }));
    const config = inherit(document.config, bases, source.path);
    const { explain } = this.settings;
    const dict = once(() =>
      explain
        ? mergeDicts(fromPlainObject(document.config), Dict.joined(bases.map((base) => base.dict)), {
            child: source.path,
          })
        : fromPlainObject(config),
    );
    return {
      config,
      exports: document.exports,
      get dict() {
        return dict();
      },
    };
  }

  private python(source: SourceFile, below: string[], as?: 'new'): MergedFile {
    const python = readPython(
      source,
      {
        load: (request) => {
          const base = this.read(this.resolve(request), below);
          if (base.python?.style === 'new')
            throw errorAt(
              request.place,
              `"${request.request}" is a new-style config (with imports), which a config with _base_ cannot inherit from. Import it: with read_base(): from ... import *`,
            );
          const scope = request.request.includes('::') ? request.request.split('::')[0] : undefined;
          return { config: base.dict, scope };
        },
        loadModule: (request) => this.read(this.resolveModule(request), below, 'new').python as PythonConfig,
        environment: this.settings.environment ?? process.env,
        notices: this.notices,
        explain: this.settings.explain === true,
      },
      as,
    );
    const dict = withoutImports(python);
    const config = once(() => plainConfig(dict, source.path));
    return {
      dict,
      python,
      exports: new Map(),
      get config() {
        return config();
      },
    };
  }

  /** The absolute path of a `_base_` or an import. @throws DetLabError at its position when there is no such file. */
  private resolve(request: BaseRequest): string {
    const file = request.request.includes('::') ? this.resolvePackage(request) : this.resolveRelative(request);
    return this.allowed(file, request);
  }

  /** A missing base of MMDetection's is replaced by the built-in config of that name, with a notice. */
  private resolveRelative({ request, place }: BaseRequest): string {
    const target = path.resolve(path.dirname(place.source.path), request);
    // a Python config names its bases with their extension, as mmengine requires
    const hasExtension =
      !place.source.path.endsWith('.py') || CONFIG_EXTENSIONS.some((extension) => request.endsWith(extension));
    const file = hasExtension ? findConfigFile(target) : undefined;
    if (file) return file;
    const builtIn = hasExtension ? builtInConfig(request, target) : undefined;
    if (builtIn) {
      this.replacedBases.set(request, path.relative(path.join(packageRoot, 'configs'), builtIn));
      return builtIn;
    }
    const advice = hasExtension ? neighbours(target) : existsSync(`${target}.py`) ? ' Add the extension: .py' : '';
    throw errorAt(place, `there is no config "${request}" (looked for ${target}).${advice}`);
  }

  private resolvePackage({ request, place }: BaseRequest): string {
    if (!/^\w*::\w*\/\w/.test(request) || request.split('::').length > 2)
      throw errorAt(
        place,
        `expected PACKAGE::FOLDER/FILE, e.g. mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py, received "${request}"`,
      );
    const file = packageFile(request, this.packages);
    if (file) return file;
    const [name] = request.split('::');
    const root = this.packages[name];
    throw errorAt(
      place,
      root === undefined
        ? `the config folder of the package "${name}" of "${request}" is unknown. Give it: --config-root ${name}=FOLDER, or DETLAB_CONFIG_ROOTS=${name}=FOLDER`
        : `there is no config "${request}" (looked in ${root})`,
    );
  }

  /** `..folder.file` relative to the importing file, `mmdet.configs.folder.file` under the root of the package. */
  private resolveModule(request: BaseRequest): string {
    const level = /^\.*/.exec(request.request)?.[0].length ?? 0;
    const inside = `${request.request.slice(level).replaceAll('.', '/')}.py`;
    const [name, ...rest] = inside.split('/');
    const root = this.packages[name];
    const candidates = level
      ? [path.resolve(path.dirname(request.place.source.path), '../'.repeat(level - 1), inside)]
      : root === undefined
        ? []
        : [path.join(root, rest.join('/')), path.join(root, rest.join('/').replace(/^configs\//, ''))];
    const file = candidates.find((candidate) => existsSync(candidate));
    if (file) return this.allowed(file, request);
    throw errorAt(
      request.place,
      level || root !== undefined
        ? `there is no config "${request.request}" (looked for ${candidates.join(' and ')})`
        : `the config folder of the package "${name}" of "${request.request}" is unknown. Give it: --config-root ${name}=FOLDER`,
    );
  }

  private allowed(file: string, { request, place }: BaseRequest): string {
    this.readable ??= readableFrom(this.top, this.packages);
    if (this.readable(file)) return file;
    throw errorAt(
      place,
      `"${request}" is outside the project of ${this.top}, where a config may not read. ` +
        'If intended, name its folder: --config-root NAME=FOLDER',
    );
  }
}

function replacementNotice(top: string, { replacedBases }: Reading): string[] {
  if (replacedBases.size === 0) return [];
  const pairs = [...replacedBases].map(([request, builtIn]) => `${request} -> ${builtIn}`);
  return [`${path.basename(top)}: missing base configs replaced by DetLab's: ${pairs.join(', ')}`];
}

function withoutImports({ config, imported }: PythonConfig): Dict {
  if (!imported.size) return config;
  const kept = new Dict();
  for (const { key, value, origin } of config.entries.values())
    if (typeof key !== 'string' || !imported.has(key)) kept.set(key, value, origin);
  return kept;
}

function plainConfig(dict: Dict, file: string): ConfigObject {
  try {
    return bounded(toPlainObject(dict), file);
  } catch (error) {
    throw error instanceof PythonError ? new DetLabError(`Cannot read ${file}: ${error.message}`) : error;
  }
}

function bounded(config: ConfigObject, file: string): ConfigObject {
  if (countNodes(config) > LIMITS.nodes)
    throw new DetLabError(`Cannot read ${file}: expected at most ${LIMITS.nodes} values with all bases, it has more`);
  return config;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function readDocument(source: SourceFile, load: (request: BaseRequest) => ImportedConfig): ConfigDocument {
  const extension = path.extname(source.path);
  if (extension === '.ts') return readTypeScript(source, load);
  if (extension === '.json') return readJson(source);
  throw new DetLabError(`Cannot read ${source.path}: expected a ${CONFIG_EXTENSIONS.join(', ')} file`);
}

function inherit(config: ConfigObject, bases: { name: string; config: ConfigObject }[], file: string): ConfigObject {
  return bounded(mergeConfig(config, joinBases(bases, file), { child: file }), file);
}

function readSource(file: string): SourceFile {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) throw new DetLabError(`Cannot read ${file}: no such file.${neighbours(file)}`);
  if (!stats.isFile()) throw new DetLabError(`Cannot read ${file}: expected a file, received a folder or device`);
  if (stats.size > LIMITS.fileBytes)
    throw new DetLabError(
      `Cannot read ${file}: expected at most ${LIMITS.fileBytes} bytes, received ${stats.size}. Keep large data in separate files`,
    );
  return { path: file, text: readFileSync(file, 'utf8').replace(/^\uFEFF/, '') };
}

/**
 * The config file at `target`: the path itself, or with an extension added; for a missing `.py` the `.ts` or `.json` of the
 * same name, so that MMDetection's base paths work unchanged.
 */
export function findConfigFile(target: string): string | undefined {
  const isConfig = (file: string) =>
    CONFIG_EXTENSIONS.some((e) => file.endsWith(e)) && !file.endsWith('.d.ts') && existsSync(file);
  const stem = target.endsWith('.py') ? target.slice(0, -3) : target;
  return [target, ...CONFIG_EXTENSIONS.map((extension) => stem + extension)].find(isConfig);
}

/** ` Did you mean "x.ts"?` from the files in the folder of `file`. */
function neighbours(file: string): string {
  const folder = path.dirname(file);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return ` The folder ${folder} does not exist`;
  const names = readdirSync(folder).filter((name) => CONFIG_EXTENSIONS.some((extension) => name.endsWith(extension)));
  const stems = names.map((name) => path.basename(name, path.extname(name)));
  return didYouMean(path.basename(file, path.extname(file)), stems);
}
