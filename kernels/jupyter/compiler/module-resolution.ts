// Where imports lead: the notebook's own packages and files first, then, for bare names, the packages of this project,
// so that `tf` and `detlab` are found wherever the notebook lies.

import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../src/paths';

const BUILTIN = new Set(builtinModules);

export const isBuiltin = (name: string) => name.startsWith('node:') || BUILTIN.has(name);
export const isPath = (name: string) => /^(?:\.{0,2}\/|\.{1,2}$)/.test(name);

export interface Resolver {
  resolve(name: string, file: string, mode?: ts.ResolutionMode): ts.ResolvedModuleFull | undefined;
  /** The local source file an import leads to; undefined for a package or something Node itself must find. */
  local(name: string, file: string): string | undefined;
}

export function createResolver(directory: string, options: ts.CompilerOptions): Resolver {
  const cache = ts.createModuleResolutionCache(directory, (name) => name, options);
  // Found stays found; what a package does not have, it will not have later. A cell's failed imports are tried again.
  const found = new Map<string, ts.ResolvedModuleFull | undefined>();
  const find = (name: string, file: string, lasting: boolean) =>
    ts.resolveModuleName(name, file, options, ts.sys, lasting ? cache : undefined).resolvedModule;

  function resolve(name: string, file: string): ts.ResolvedModuleFull | undefined {
    const key = `${dirname(file)}\0${name}`;
    if (found.has(key)) return found.get(key);
    const inPackage = file.includes('/node_modules/');
    const own = name === 'detlab' ? packageRoot : name;
    const result =
      find(name, file, inPackage) ??
      (isPath(name) || isBuiltin(name) ? undefined : find(own, join(packageRoot, 'cell.ts'), true));
    const lasts = result ? result.isExternalLibraryImport || own !== name : false;
    if (lasts || inPackage) found.set(key, result);
    return result;
  }

  return {
    resolve,
    local(name, file) {
      const result = resolve(name, file);
      if (!result || result.isExternalLibraryImport || /\.d\.[cm]?ts$/.test(result.resolvedFileName)) return undefined;
      return result.resolvedFileName.includes('/node_modules/') ? undefined : result.resolvedFileName;
    },
  };
}
