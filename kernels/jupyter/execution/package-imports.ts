// Imports of packages: those of the notebook's folder first, then those of this project; ES-module-only packages, and
// modules that the kernel itself provides.

import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { packageRoot } from '../../../src/paths';
import { isEsModule } from './module-kind';

const projectRequire = createRequire(join(packageRoot, 'cell.js'));

export const isPath = (id: string) => /^(?:\.{0,2}\/|\.{1,2}$)/.test(id);

/** Native `import()`, as from a file of a folder. */
function importerOf(directory: string): (specifier: string) => Promise<object> {
  const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  if (!importModuleDynamically) return (specifier) => import(specifier); // before Node.js 20.12: as from here
  const filename = join(directory, 'cell.js');
  return new vm.Script('(specifier) => import(specifier)', { filename, importModuleDynamically }).runInThisContext();
}

/** An ESM namespace for code in CommonJS, with live bindings. */
function asCommonJs(namespace: object): object {
  const result = Object.defineProperty({}, '__esModule', { value: true });
  for (const name of Object.keys(namespace)) {
    const get = () => (namespace as Record<string, unknown>)[name];
    if (name !== '__esModule') Object.defineProperty(result, name, { enumerable: true, get });
  }
  return result;
}

const asNamespace = (exports: object) => ({ ...exports, default: exports });

/** The file of a package, or of a path that Node finds by itself; undefined when only `import()` can find it. */
function find(id: string, file: string): string | undefined {
  try {
    return createRequire(file).resolve(id);
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    if (reason === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
    if (isPath(id) || reason !== 'MODULE_NOT_FOUND') throw error;
    try {
      return projectRequire.resolve(id === 'detlab' ? packageRoot : id);
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
      throw error;
    }
  }
}

export class PackageImports {
  /** Namespaces of ES modules that were imported statically, by folder and specifier. */
  private readonly namespaces = new Map<string, object>();
  /** By folder. */
  private readonly importers = new Map<string, ReturnType<typeof importerOf>>();

  /** @param builtin modules that the kernel itself provides, by name */
  constructor(private readonly builtin: ReadonlyMap<string, () => unknown>) {}

  /** Loads a package that `require` cannot load. */
  async prepare(id: string, file: string): Promise<void> {
    if (this.builtin.has(id) || isBuiltin(id)) return;
    const key = `${dirname(file)}\0${id}`;
    if (this.namespaces.has(key)) return;
    const path = find(id, file);
    if (path === undefined || isEsModule(path)) this.namespaces.set(key, asCommonJs(await this.import(id, file)));
  }

  require(id: string, file: string, nodeRequire: NodeJS.Require): unknown {
    if (this.builtin.has(id)) return this.builtin.get(id)!();
    if (isBuiltin(id)) return nodeRequire(id);
    return this.namespaces.get(`${dirname(file)}\0${id}`) ?? nodeRequire(find(id, file) ?? id);
  }

  async import(id: string, file: string): Promise<object> {
    if (this.builtin.has(id)) return asNamespace(this.builtin.get(id)!() as object);
    if (id === 'detlab') return asNamespace(projectRequire(packageRoot) as object);
    try {
      return await this.importFrom(dirname(file), id);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && !isPath(id);
      if (!missing || !(error as Error).message.includes(`'${id.split('/')[0]}`)) throw error;
      return this.importFrom(packageRoot, id).catch(() => {
        throw error;
      });
    }
  }

  private importFrom(directory: string, id: string): Promise<object> {
    let importer = this.importers.get(directory);
    if (!importer) this.importers.set(directory, (importer = importerOf(directory)));
    return importer(id);
  }
}
