// A config's `custom_imports`: modules of the user's own, by their paths. A config is data and is never run; what it names
// here IS run, with the rights of this process: that is what the key is for, and a line says so each time. Names of Python
// modules cannot be loaded; those of OpenMMLab's own packages bring what the catalogue has anyway.

import { readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyDefinition } from '../catalogue/registry';
import { type ConfigObject, isObject } from '../config';
import { DetLabError } from '../errors';
import { packageRoot } from '../paths';
import { catalogue } from './catalogue';

type Notice = (line: string) => void;

const KNOWN = /^(mmdet|mmcv|mmengine|mmpretrain|mmcls|mmyolo|mmselfsup)(\.|$)/;
const isPath = (name: string): boolean =>
  /^(\.{1,2}[\\/]|[\\/]|[a-z]:\\)/i.test(name) || /\.(ts|js|cjs|mts|mjs)$/.test(name);

/** By path: when the file was written that was run. */
const done = new Map<string, number>();

/**
 * Loads what `custom_imports` names; each definition a module exports joins the catalogue, as do those it registers.
 * @param folders the paths are relative to: those of the config's files, the config's own last
 * @throws DetLabError when a module is not there or fails, unless `allow_failed_imports` is set
 */
export async function loadCustomImports(
  config: ConfigObject,
  folders: readonly string[],
  notice: Notice,
): Promise<void> {
  const given = config.custom_imports;
  if (!isObject(given)) return;
  const { imports = [], allow_failed_imports: allowed } = given;
  const names = Array.isArray(imports) ? imports : [imports];
  for (const name of names) {
    if (typeof name !== 'string')
      throw new DetLabError(`Cannot use custom_imports: expected paths, received ${JSON.stringify(name)}`);
    try {
      if (isPath(name)) await loadModule(locate(name, folders), notice);
      else if (!KNOWN.test(name))
        notice(
          `custom_imports: "${name}" is a Python module and was not loaded. Write its modules in TypeScript and give the path: './${name.split('.').at(-1)}.ts'`,
        );
    } catch (error) {
      if (allowed !== true) throw error;
      notice(`${(error as Error).message} (allow_failed_imports)`);
    }
  }
}

function locate(name: string, folders: readonly string[]): string {
  const places = [...folders].reverse().concat(process.cwd());
  const found = places
    .map((folder) => path.resolve(folder, name))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found) return found;
  throw new DetLabError(
    `Cannot load "${name}" of custom_imports: there is no such file, seen from ${[...new Set(places)].join(', ')}`,
  );
}

async function loadModule(file: string, notice: Notice): Promise<void> {
  const written = statSync(file).mtimeMs;
  if (done.get(file) === written) return;
  const shown = path.relative(process.cwd(), file);
  notice(`custom_imports: running ${shown.startsWith('..') ? file : shown}`);
  let exported: Record<string, unknown>;
  try {
    exported = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : await run(file);
  } catch (error) {
    throw new DetLabError(`Cannot load "${file}" of custom_imports: ${(error as Error).stack ?? String(error)}`);
  }
  done.set(file, written);
  for (const value of Object.values(exported)) if (isDefinition(value)) catalogue.add(value);
}

/** Runs a TypeScript or JavaScript module as CommonJS; types are taken off, not checked. */
async function run(file: string): Promise<Record<string, unknown>> {
  // the public API is imported here and not above: it stands on top of this file
  const api = await import(path.join(__dirname, '..', __filename.endsWith('.ts') ? 'index.ts' : 'index.js'));
  const ts = await import('typescript');
  const { outputText } = (ts.default ?? ts).transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: { module: 1, target: 9, esModuleInterop: true, inlineSourceMap: true },
  });
  const own = createRequire(file);
  const house = createRequire(path.join(packageRoot, 'package.json'));
  const module = new Module(file) as Module & { _compile(code: string, file: string): void };
  module.filename = file;
  module.paths = (Module as unknown as { _nodeModulePaths(dir: string): string[] })._nodeModulePaths(
    path.dirname(file),
  );
  module.require = ((name: string) => {
    if (name === 'detlab') return api;
    // one TensorFlow.js and one zod for all: engine and descriptions are shared
    if (name.startsWith('@tensorflow/') || name === 'zod') return house(name);
    return own(name);
  }) as NodeJS.Require;
  module._compile(outputText, file);
  return module.exports as Record<string, unknown>;
}

function isDefinition(value: unknown): value is AnyDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, type, options, build } = value as Partial<AnyDefinition>;
  return typeof kind === 'string' && typeof type === 'string' && typeof build === 'function' && options !== undefined;
}
