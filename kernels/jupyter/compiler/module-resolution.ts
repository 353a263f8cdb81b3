// Resolves imports: to the packages and files of the notebook's folder first, then, for bare names, to the packages of
// this project, so that `tf` and `detlab` are found from any folder.

import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../src/paths';

const BUILTIN = new Set(builtinModules);
/** Types of the packages that the kernel itself provides (execution/built-in-modules.ts). */
const PROVIDED = new Map([['tslab', join(__dirname, '..', 'display', 'tslab')]]);

export const isBuiltin = (name: string) => name.startsWith('node:') || BUILTIN.has(name);
export const isPath = (name: string) => /^(?:\.{0,2}\/|\.{1,2}$)/.test(name);

export interface Resolver {
  /** What is known of packages' folders. */
  readonly cache: ts.ModuleResolutionCache;
  resolve(name: string, file: string, mode?: ts.ResolutionMode): ts.ResolvedModuleFull | undefined;
  /** The local source file that an import resolves to; undefined for packages and modules that Node must find. */
  local(name: string, file: string): string | undefined;
}

export function createResolver(directory: string, options: ts.CompilerOptions): Resolver {
  const cache = ts.createModuleResolutionCache(directory, (name) => name, options);
  // Resolved imports are kept, and so are failed ones of packages; a cell's failed imports are tried again.
  const known = new Map<string, ts.ResolvedModuleFull | undefined>();
  const find = (name: string, file: string, lasting: boolean) =>
    ts.resolveModuleName(name, file, options, ts.sys, lasting ? cache : undefined).resolvedModule;

  function resolve(name: string, file: string): ts.ResolvedModuleFull | undefined {
    const key = `${dirname(file)}\0${name}`;
    if (known.has(key)) return known.get(key);
    const inPackage = file.includes('/node_modules/');
    const provided = PROVIDED.get(name);
    const target = provided ?? (name === 'detlab' ? packageRoot : name);
    const result =
      (provided ? undefined : find(name, file, inPackage)) ??
      (isPath(name) || isBuiltin(name) ? undefined : find(target, join(packageRoot, 'cell.ts'), true));
    const lasts = result ? result.isExternalLibraryImport || target !== name : false;
    if (lasts || inPackage) known.set(key, result);
    return result;
  }

  return {
    cache,
    resolve,
    local(name, file) {
      const result = resolve(name, file);
      if (!result || result.isExternalLibraryImport || /\.d\.[cm]?ts$/.test(result.resolvedFileName)) return undefined;
      return result.resolvedFileName.includes('/node_modules/') ? undefined : result.resolvedFileName;
    },
  };
}
