// A TypeScript language service over three files that are only here: the cell, the declarations of earlier cells, and
// the globals every cell has. The cell is a module whose outer scope is the file of earlier declarations, so that it may
// declare any name anew.

import { join } from 'node:path';
import ts from 'typescript';
import type { Resolver } from './module-resolution';
import type { SourceFiles } from './source-files';

export interface Opened {
  program: ts.Program;
  cell: ts.SourceFile;
  earlier: ts.SourceFile;
}

export interface Language {
  readonly service: ts.LanguageService;
  readonly cellPath: string;
  /** The program of a cell after earlier declarations; `anew` where the files it imports may have come or gone. */
  open(earlier: string, source: string, anew?: boolean): Opened;
}

export function createLanguage(
  directory: string,
  options: ts.CompilerOptions,
  files: SourceFiles,
  resolver: Resolver,
  globals: string,
): Language {
  const at = (name: string) => join(directory, name).replace(/\\/g, '/');
  const cellPath = at('__cell__.ts');
  const earlierPath = at('__earlier__.d.ts');
  const globalsPath = at('__globals__.d.ts');
  const virtual = new Map<string, { text: string; version: number; snapshot: ts.IScriptSnapshot }>();
  const set = (path: string, text: string, anew = false) => {
    const before = virtual.get(path);
    if (before?.text === text && !anew) return;
    const version = (before?.version ?? 0) + 1;
    virtual.set(path, { text, version, snapshot: ts.ScriptSnapshot.fromString(text) });
  };
  set(cellPath, '');
  set(earlierPath, 'export {};\n');
  set(globalsPath, globals);

  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [globalsPath, earlierPath, cellPath],
    getScriptVersion: (path) => {
      const own = virtual.get(path);
      return own ? String(own.version) : files.version(path);
    },
    getScriptSnapshot: (path) => virtual.get(path)?.snapshot ?? files.snapshot(path),
    getCurrentDirectory: () => directory,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    fileExists: (path) => virtual.has(path) || ts.sys.fileExists(path),
    readFile: (path, encoding) => virtual.get(path)?.text ?? ts.sys.readFile(path, encoding),
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath,
    resolveModuleNameLiterals: (literals, file) =>
      literals.map(({ text }) => ({ resolvedModule: resolver.resolve(text, file) })),
  };
  // The registry is shared, but files that are only here are this service's own.
  const registry: ts.DocumentRegistry = Object.create(files);
  const parsed = new Map<string, ts.SourceFile & { version?: string }>();
  registry.updateDocumentWithKey = (path, _path, _options, _key, snapshot, version, kind, target) => {
    if (!virtual.has(path)) return files.updateDocument(path, options, snapshot, version, kind, target);
    const known = parsed.get(path);
    if (known?.version === version) return known;
    const wanted = target ?? ts.ScriptTarget.ES2022;
    const file = ts.createLanguageServiceSourceFile(path, snapshot, wanted, version, true, kind);
    parsed.set(path, file);
    return file;
  };
  registry.acquireDocumentWithKey = registry.updateDocumentWithKey;
  const service = ts.createLanguageService(host, registry);

  return {
    service,
    cellPath,
    open(earlier, source, anew = false) {
      set(earlierPath, earlier);
      set(cellPath, source, anew);
      const program = service.getProgram()!;
      const [cell, previous] = [cellPath, earlierPath].map((path) => program.getSourceFile(path)!);
      // Names are looked up along `parent`: beyond the cell's own top level comes what earlier cells declared.
      (cell as { parent: ts.Node }).parent = previous;
      return { program, cell, earlier: previous };
    },
  };
}
