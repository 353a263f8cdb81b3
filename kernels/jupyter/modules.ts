// `require` for cells: the project's own `detlab`, the notebook's own packages, then this project's packages; and the
// local .ts files a cell imports, compiled by the converter.

import Module, { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import type { SideOutput } from 'tslab/dist/converter';
import { packageRoot } from '../../src/paths';

interface LoadedModule extends NodeJS.Module {
  _compile(code: string, filename: string): void;
}

export interface CellModules {
  require(id: string): unknown;
  /** New code of local .ts files; a file loaded before is loaded anew when next asked for. */
  update(outputs: SideOutput[]): void;
}

export function createCellModules(directory: string): CellModules {
  const ownRequire = createRequire(join(packageRoot, 'cell.js'));
  const code = new Map<string, string>();
  const loaded = new Map<string, LoadedModule>();

  function loadLocal(path: string): unknown {
    const before = loaded.get(path);
    if (before) return before.exports;
    const module = new Module(path) as LoadedModule;
    module.filename = path;
    module.paths = (Module as unknown as { _nodeModulePaths(from: string): string[] })._nodeModulePaths(dirname(path));
    module.require = requireFrom(path) as NodeJS.Require;
    loaded.set(path, module); // before it runs: modules may import each other
    try {
      module._compile(code.get(path)!, path);
    } catch (error) {
      loaded.delete(path);
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  function requireFrom(file: string) {
    const localRequire = createRequire(file);
    return (id: string): unknown => {
      if (id === 'detlab') return ownRequire(packageRoot);
      if (/^\.{0,2}\//.test(id)) {
        const path = resolve(dirname(file), extname(id) ? id : `${id}.js`);
        if (code.has(path)) return loadLocal(path);
        const index = resolve(dirname(file), id, 'index.js');
        if (code.has(index)) return loadLocal(index);
        return localRequire(id);
      }
      let path: string;
      try {
        path = localRequire.resolve(id);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
        try {
          path = ownRequire.resolve(id);
        } catch {
          throw error;
        }
      }
      return localRequire(path);
    };
  }

  return {
    require: requireFrom(join(directory, 'cell.js')),
    update(outputs) {
      for (const { path, data } of outputs) {
        code.set(path, data);
        loaded.delete(path);
      }
    },
  };
}
