// What cells import: packages (package-imports.ts), and local .ts, .js and .json files, which the compiler's thread
// compiles and which are loaded again when they, or what they import, have changed.

import { existsSync, readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import type { CompilerClient } from '../compiler/client';
import type { Linked, LocalModule } from '../compiler/compiler';
import { resume } from '../session/cell';
import { isPath, PackageImports } from './package-imports';
import type { SourcePositions } from './source-positions';
import { TypeScriptError } from './traceback';

type Imports = Pick<Linked, 'imports' | 'resolved'>;
type Importer = (specifier: unknown) => Promise<unknown>;

/** What code in a file sees as `require`, `__import__` and `__meta__`. */
export interface ModuleScope {
  require: (id: string) => unknown;
  import: Importer;
  meta: object;
}

const PARAMETERS = 'exports, require, module, __filename, __dirname, __resume__, __import__, __meta__';

/** The local source file that a path names, with or without its extension. */
function localFile(id: string, file: string): string | undefined {
  const path = id.startsWith('file:') ? fileURLToPath(id) : resolve(dirname(file), id);
  const typescript = path.replace(/\.([cm]?)js$/, '.$1ts');
  const indexes = [join(path, 'index.ts'), join(path, 'index.js')];
  const candidates = [path, typescript, `${path}.ts`, `${path}.tsx`, `${path}.js`, ...indexes];
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}

const isTypeScript = (path: string) => /\.[cm]?tsx?$/.test(path) && !path.includes('/node_modules/');

export class CellModules {
  /** Compiled local modules, by path. */
  private readonly code = new Map<string, LocalModule>();
  /** Loaded local modules, by path. */
  private readonly instances = new Map<string, NodeJS.Module>();
  private readonly packages: PackageImports;

  /**
   * @param builtin modules that the kernel itself provides, by name
   * @param onImport awaited for each package that is imported statically, before what imports it runs
   */
  constructor(
    private readonly compiler: Pick<CompilerClient, 'compileModule'>,
    private readonly positions: SourcePositions,
    builtin: ReadonlyMap<string, () => unknown>,
    private readonly onImport: (id: string) => Promise<void>,
  ) {
    this.packages = new PackageImports(builtin);
  }

  /** Loads what must be there before code runs that imports it statically. */
  prepare(file: string, code: Imports): Promise<void> {
    return this.prepareImports(file, code, new Set());
  }

  scope(file: string, { resolved }: Imports): ModuleScope {
    const nodeRequire = createRequire(file);
    const require = (id: string): unknown =>
      resolved[id] ? this.instances.get(resolved[id])?.exports : this.packages.require(id, file, nodeRequire);
    const importer: Importer = async (specifier) => {
      const id = String(specifier);
      const local = isPath(id) || id.startsWith('file:') ? localFile(id, file) : resolved[id];
      return local && isTypeScript(local) ? this.importLocal(local) : this.packages.import(id, file);
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

  /** Takes new code of local modules; returns the paths of all modules that must be loaded again. */
  update(modules: LocalModule[]): Set<string> {
    const stale = new Set(modules.map(({ path }) => path));
    for (const module of modules) {
      this.code.set(module.path, module);
      this.positions.remember(module.path, module);
    }
    for (let size = 0; size !== stale.size; ) {
      size = stale.size;
      for (const path of this.instances.keys()) {
        const imported = Object.values(this.code.get(path)?.resolved ?? {});
        if (imported.some((used) => stale.has(used))) stale.add(path);
      }
    }
    for (const path of stale) this.instances.delete(path);
    return stale;
  }

  /** The value that an import of a local module has; `*` for all exports. */
  exported(path: string, imported: string): unknown {
    const exports = this.instances.get(path)?.exports as Record<string, unknown> | undefined;
    if (imported === '*' || !exports) return exports;
    return imported === 'default' && !exports.__esModule ? exports : exports[imported];
  }

  /** @param chain modules that are being loaded */
  private async prepareImports(file: string, { imports, resolved }: Imports, chain: Set<string>): Promise<void> {
    for (const id of imports) {
      if (resolved[id]) await this.load(resolved[id], chain);
      else {
        await this.packages.prepare(id, file);
        await this.onImport(id);
      }
    }
  }

  /** Loads a local module once, after its imports; of modules that import each other, the first one does not wait. */
  private async load(path: string, chain: Set<string>): Promise<void> {
    const isJson = extname(path) === '.json';
    if (chain.has(path) || (this.instances.has(path) && !isJson)) return;
    chain.add(path);
    const module = new Module(path);
    if (isJson) {
      module.exports = JSON.parse(readFileSync(path, 'utf8'));
      this.instances.set(path, module);
      return;
    }
    const local = this.code.get(path);
    if (!local) throw new Error(`Cannot load ${path}: it was not compiled`);
    this.instances.set(path, module);
    try {
      await this.prepareImports(path, local, chain);
      await this.run(module, local);
    } catch (error) {
      this.instances.delete(path);
      throw error;
    }
  }

  private async run(module: NodeJS.Module, local: LocalModule): Promise<void> {
    const { path, code, awaits } = local;
    module.filename = path;
    const start = `(${awaits ? 'async ' : ''}function (${PARAMETERS}) { `;
    const script = new vm.Script(`${start}${code}\n})`, { filename: path, columnOffset: -start.length });
    const { require, import: importer, meta } = this.scope(path, local);
    await script.runInThisContext()(module.exports, require, module, path, dirname(path), resume, importer, meta);
    module.loaded = true;
  }

  private async importLocal(path: string): Promise<unknown> {
    const compiled = await this.compiler.compileModule(path);
    if ('problems' in compiled) throw new TypeScriptError(compiled.problems);
    this.update(compiled.modules);
    await this.load(path, new Set());
    return this.instances.get(path)!.exports;
  }
}
