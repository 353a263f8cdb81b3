// A config's `custom_imports`: TypeScript or JavaScript modules of the user, by path. A config is data and is never
// executed, but these modules are, with the permissions of this process; a notice reports each. Python modules cannot be
// loaded; modules of OpenMMLab's packages are ignored, since the catalogue has their definitions.

import { readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigNotice } from '../catalogue/config-notices';
import type { AnyDefinition } from '../catalogue/registry';
import { type ConfigObject, isObject } from '../config';
import { DetLabError } from '../errors';
import { packageRoot } from '../paths';
import { addUserModule } from './user-modules';

type Notice = (line: string) => void;

const KNOWN = /^(mmdet|mmcv|mmengine|mmpretrain|mmcls|mmyolo|mmselfsup)(\.|$)/;
const isPath = (name: string): boolean =>
  /^(\.{1,2}[\\/]|[\\/]|[a-z]:\\)/i.test(name) || /\.(ts|js|cjs|mts|mjs)$/.test(name);

/** Modification time of each loaded file, by path. */
const loaded = new Map<string, number>();

/**
 * Loads the modules of `custom_imports`; the definitions that a module exports or registers are added to the catalogue.
 * @param folders to which the paths are relative: those of the config's files, base configs first
 * @throws DetLabError when a module is missing or fails, unless `allow_failed_imports` is set
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
      else if (!KNOWN.test(name)) notice(`custom_imports: ${pythonText(name)}`);
    } catch (error) {
      if (allowed !== true) throw error;
      notice(`${(error as Error).message} (allow_failed_imports)`);
    }
  }
}

const pythonText = (name: string): string =>
  `"${name}" is a Python module and was not loaded. Write it in TypeScript and specify its path: './${name.split('.').at(-1)}.ts'`;

/** The Python modules of `custom_imports`. */
export function pythonImports({ custom_imports: given }: ConfigObject): ConfigNotice[] {
  const names = isObject(given) ? [given.imports ?? []].flat() : [];
  return names.flatMap((name) =>
    typeof name !== 'string' || isPath(name) || KNOWN.test(name)
      ? []
      : [{ paths: ['custom_imports'], message: pythonText(name), lost: true }],
  );
}

function locate(name: string, folders: readonly string[]): string {
  const places = [...folders].reverse().concat(process.cwd());
  const file = places
    .map((folder) => path.resolve(folder, name))
    .find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (file) return file;
  throw new DetLabError(
    `Cannot load "${name}" of custom_imports: there is no such file relative to ${[...new Set(places)].join(', ')}`,
  );
}

async function loadModule(file: string, notice: Notice): Promise<void> {
  const modified = statSync(file).mtimeMs;
  if (loaded.get(file) === modified) return;
  const shown = path.relative(process.cwd(), file);
  notice(`custom_imports: running ${shown.startsWith('..') ? file : shown}`);
  let exported: Record<string, unknown>;
  try {
    exported = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : await run(file);
  } catch (error) {
    throw new DetLabError(`Cannot load "${file}" of custom_imports: ${(error as Error).stack ?? String(error)}`);
  }
  loaded.set(file, modified);
  for (const value of Object.values(exported)) if (isDefinition(value)) addUserModule(value);
}

/** Runs a TypeScript or JavaScript module as CommonJS; types are removed, not checked. */
async function run(file: string): Promise<Record<string, unknown>> {
  // imported here because the public API imports this file
  const api = await import(path.join(__dirname, '..', __filename.endsWith('.ts') ? 'index.ts' : 'index.js'));
  const ts = await import('typescript');
  const { outputText } = (ts.default ?? ts).transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: { module: 1, target: 9, esModuleInterop: true, inlineSourceMap: true },
  });
  const requireFromFile = createRequire(file);
  const requireFromPackage = createRequire(path.join(packageRoot, 'package.json'));
  const module = new Module(file) as Module & { _compile(code: string, file: string): void };
  module.filename = file;
  module.paths = (Module as unknown as { _nodeModulePaths(dir: string): string[] })._nodeModulePaths(
    path.dirname(file),
  );
  module.require = ((name: string) => {
    if (name === 'detlab') return api;
    // the same instances of TensorFlow.js (its engine) and zod (its option schemas) as DetLab's
    if (name.startsWith('@tensorflow/') || name === 'zod') return requireFromPackage(name);
    return requireFromFile(name);
  }) as NodeJS.Require;
  process.setSourceMapsEnabled(true); // stack traces with the lines of the file, not of what it was compiled to
  module._compile(outputText, file);
  return module.exports as Record<string, unknown>;
}

function isDefinition(value: unknown): value is AnyDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, type, options, build } = value as Partial<AnyDefinition>;
  return typeof kind === 'string' && typeof type === 'string' && typeof build === 'function' && options !== undefined;
}
