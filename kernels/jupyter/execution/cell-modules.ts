// What cells import: packages of the notebook's folder, then of this project; ESM-only packages; the kernel's own modules;
// and local .ts and .js files, compiled by the compiler's thread and loaded anew when they, or what they import, change.

import { existsSync, readFileSync, statSync } from 'node:fs';
import Module, { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { packageRoot } from '../../../src/paths';
import type { CompilerClient } from '../compiler/client';
import type { Linked, LocalModule } from '../compiler/compiler';
import { resume } from '../session/cell';
import { isEsModule } from './module-kind';
import type { SourcePositions } from './source-positions';
import { TypeScriptError } from './traceback';

type Imports = Pick<Linked, 'imports' | 'resolved'>;

export interface CellModules {
  /** Loads what must be there before code runs that imports it statically. */
  prepare(file: string, code: Imports): Promise<void>;
  /** What code in a file sees as `require`, `__import__` and `__meta__`. */
  scope(file: string, code: Imports): { require: (id: string) => unknown; import: Importer; meta: object };
  /** New code of local modules; returns the paths of all that must be loaded anew. */
  update(modules: LocalModule[]): Set<string>;
  /** The value an import of a local module brings; `*` for all of it. */
  exported(path: string, imported: string): unknown;
}

type Importer = (specifier: unknown) => Promise<unknown>;

const isPath = (id: string) => /^(?:\.{0,2}\/|\.{1,2}$)/.test(id);
const PARAMETERS = 'exports, require, module, __filename, __dirname, __resume__, __import__, __meta__';

/** Native `import()` as from a file of a folder. */
function importerOf(directory: string): (specifier: string) => Promise<object> {
  const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  if (!importModuleDynamically) return (specifier) => import(specifier); // before Node.js 20.12: as from here
  const filename = join(directory, 'cell.js');
  return new vm.Script('(specifier) => import(specifier)', { filename, importModuleDynamically }).runInThisContext();
}

/** An ESM namespace for code in CommonJS: its bindings stay live. */
function asCommonJs(namespace: object): object {
  const result = Object.defineProperty({}, '__esModule', { value: true });
  for (const name of Object.keys(namespace)) {
    const get = () => (namespace as Record<string, unknown>)[name];
    if (name !== '__esModule') Object.defineProperty(result, name, { enumerable: true, get });
  }
  return result;
}

/** @param builtin modules of the kernel's own, by name */
export function createCellModules(
  compiler: Pick<CompilerClient, 'compileModule'>,
  positions: SourcePositions,
  builtin: ReadonlyMap<string, () => unknown>,
): CellModules {
  const ownFile = join(packageRoot, 'cell.js');
  const ownRequire = createRequire(ownFile);
  const code = new Map<string, LocalModule>();
  const instances = new Map<string, NodeJS.Module>();
  const namespaces = new Map<string, object>();
  const importers = new Map<string, ReturnType<typeof importerOf>>();

  const importFrom = (directory: string) => {
    let importer = importers.get(directory);
    if (!importer) importers.set(directory, (importer = importerOf(directory)));
    return importer;
  };

  /** The file of a package, or of a path Node finds by itself; undefined when only `import()` can find it. */
  function find(id: string, file: string): string | undefined {
    try {
      return createRequire(file).resolve(id);
    } catch (error) {
      const { code: reason } = error as NodeJS.ErrnoException;
      if (reason === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
      if (isPath(id) || reason !== 'MODULE_NOT_FOUND') throw error;
      try {
        return ownRequire.resolve(id === 'detlab' ? packageRoot : id);
      } catch (second) {
        if ((second as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
        throw error;
      }
    }
  }

  async function importPackage(id: string, file: string): Promise<object> {
    if (builtin.has(id)) {
      const exports = builtin.get(id)!() as object;
      return { ...exports, default: exports };
    }
    if (id === 'detlab') {
      const exports = ownRequire(packageRoot) as object;
      return { ...exports, default: exports };
    }
    try {
      return await importFrom(dirname(file))(id);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && !isPath(id);
      if (!missing || !(error as Error).message.includes(`'${id.split('/')[0]}`)) throw error;
      return importFrom(packageRoot)(id).catch(() => {
        throw error;
      });
    }
  }

  async function prepare(file: string, { imports, resolved }: Imports, chain = new Set<string>()): Promise<void> {
    for (const id of imports) {
      if (resolved[id]) {
        await load(resolved[id], chain);
        continue;
      }
      if (builtin.has(id) || isBuiltin(id)) continue;
      const key = `${dirname(file)}\0${id}`;
      if (namespaces.has(key)) continue;
      const path = find(id, file);
      if (path === undefined || isEsModule(path)) namespaces.set(key, asCommonJs(await importPackage(id, file)));
    }
  }

  /** Runs a local module once, after what it imports; of modules that import each other, the first waits for none. */
  async function load(path: string, chain: Set<string>): Promise<void> {
    const isData = extname(path) === '.json';
    if (chain.has(path) || (instances.has(path) && !isData)) return;
    chain.add(path);
    const module = new Module(path);
    if (isData) {
      module.exports = JSON.parse(readFileSync(path, 'utf8'));
      instances.set(path, module);
      return;
    }
    const local = code.get(path);
    if (!local) throw new Error(`Cannot load ${path}: it was not compiled`);
    instances.set(path, module);
    try {
      await prepare(path, local, chain);
      module.filename = path;
      const start = `(${local.awaits ? 'async ' : ''}function (${PARAMETERS}) { `;
      const script = new vm.Script(`${start}${local.code}\n})`, { filename: path, columnOffset: -start.length });
      const { require, import: importer, meta } = scope(path, local);
      await script.runInThisContext()(module.exports, require, module, path, dirname(path), resume, importer, meta);
      module.loaded = true;
    } catch (error) {
      instances.delete(path);
      throw error;
    }
  }

  /** A local source file that a path names, with or without its extension. */
  function localFile(id: string, file: string): string | undefined {
    const path = id.startsWith('file:') ? fileURLToPath(id) : resolve(dirname(file), id);
    const stem = path.replace(/\.([cm]?)js$/, '.$1ts');
    const candidates = [
      path,
      stem,
      `${path}.ts`,
      `${path}.tsx`,
      `${path}.js`,
      join(path, 'index.ts'),
      join(path, 'index.js'),
    ];
    return candidates.find((one) => existsSync(one) && statSync(one).isFile());
  }

  async function importLocal(path: string): Promise<unknown> {
    const compiled = await compiler.compileModule(path);
    if ('problems' in compiled) throw new TypeScriptError(compiled.problems);
    update(compiled.modules);
    await load(path, new Set());
    return instances.get(path)!.exports;
  }

  function scope(file: string, { resolved }: Imports) {
    const nodeRequire = createRequire(file);
    const require = (id: string): unknown => {
      if (resolved[id]) return instances.get(resolved[id])?.exports;
      if (builtin.has(id)) return builtin.get(id)!();
      if (isBuiltin(id)) return nodeRequire(id);
      const namespace = namespaces.get(`${dirname(file)}\0${id}`);
      if (namespace) return namespace;
      const path = find(id, file);
      return nodeRequire(path ?? id);
    };
    const importer: Importer = async (specifier) => {
      const id = String(specifier);
      const local = isPath(id) || id.startsWith('file:') ? localFile(id, file) : resolved[id];
      if (local && /\.[cm]?tsx?$/.test(local) && !local.includes('/node_modules/')) return importLocal(local);
      return importPackage(id, file);
    };
    const meta = {
      url: pathToFileURL(file).href,
      filename: file,
      dirname: dirname(file),
      resolve: (id: string) => pathToFileURL(nodeRequire.resolve(id)).href,
    };
    return {
      require: Object.assign(require, { resolve: nodeRequire.resolve, cache: nodeRequire.cache }),
      import: importer,
      meta,
    };
  }

  function update(modules: LocalModule[]): Set<string> {
    const stale = new Set(modules.map(({ path }) => path));
    for (const module of modules) {
      code.set(module.path, module);
      positions.remember(module.path, module);
    }
    for (let size = 0; size !== stale.size; ) {
      size = stale.size;
      for (const path of instances.keys()) {
        if (Object.values(code.get(path)?.resolved ?? {}).some((used) => stale.has(used))) stale.add(path);
      }
    }
    for (const path of stale) instances.delete(path);
    return stale;
  }

  return {
    prepare: (file, imports) => prepare(file, imports),
    scope,
    update,
    exported(path, imported) {
      const exports = instances.get(path)?.exports as Record<string, unknown> | undefined;
      if (imported === '*' || !exports) return exports;
      return imported === 'default' && !exports.__esModule ? exports : exports[imported];
    },
  };
}
