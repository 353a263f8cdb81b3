// A TypeScript language service over three files in memory: the cell, the declarations of earlier cells, and the
// globals of every cell. The cell is a module whose outer scope is the file of earlier declarations, so that it may
// redeclare any name.

import { join } from 'node:path';
import ts from 'typescript';
import type { Resolver } from './module-resolution';
import type { SourceFiles } from './source-files';

export interface Opened {
  program: ts.Program;
  cell: ts.SourceFile;
  earlier: ts.SourceFile;
}

export interface LanguageService {
  readonly service: ts.LanguageService;
  readonly cellPath: string;
  /** Whether a path is that of the cell, of earlier declarations or of globals. */
  isInMemory(path: string): boolean;
  /** The program of a cell after earlier declarations; `refresh` where the files it imports may have changed. */
  open(earlier: string, source: string, refresh?: boolean): Opened;
}

export function createLanguageService(
  directory: string,
  options: ts.CompilerOptions,
  files: SourceFiles,
  resolver: Resolver,
  globals: string,
): LanguageService {
  const at = (name: string) => join(directory, name).replace(/\\/g, '/');
  const cellPath = at('__cell__.ts');
  const earlierPath = at('__earlier__.d.ts');
  const globalsPath = at('__globals__.d.ts');
  const inMemory = new Map<string, { text: string; version: number; snapshot: ts.IScriptSnapshot }>();
  const set = (path: string, text: string, refresh = false) => {
    const previous = inMemory.get(path);
    if (previous?.text === text && !refresh) return;
    const version = (previous?.version ?? 0) + 1;
    inMemory.set(path, { text, version, snapshot: ts.ScriptSnapshot.fromString(text) });
  };
  set(cellPath, '');
  set(earlierPath, 'export {};\n');
  set(globalsPath, globals);

  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [globalsPath, earlierPath, cellPath],
    getScriptVersion: (path) => {
      const file = inMemory.get(path);
      return file ? String(file.version) : files.version(path);
    },
    getScriptSnapshot: (path) => inMemory.get(path)?.snapshot ?? files.snapshot(path),
    getCurrentDirectory: () => directory,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    fileExists: (path) => inMemory.has(path) || ts.sys.fileExists(path),
    readFile: (path, encoding) => inMemory.get(path)?.text ?? ts.sys.readFile(path, encoding),
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath,
    resolveModuleNameLiterals: (literals, file) =>
      literals.map(({ text }) => ({ resolvedModule: resolver.resolve(text, file) })),
  };
  // The registry is shared, except for the files in memory.
  const registry: ts.DocumentRegistry = Object.create(files);
  const parsed = new Map<string, ts.SourceFile & { version?: string }>();
  registry.updateDocumentWithKey = (path, _path, _options, _key, snapshot, version, kind, target) => {
    if (!inMemory.has(path)) return files.updateDocument(path, options, snapshot, version, kind, target);
    const known = parsed.get(path);
    if (known?.version === version) return known;
    const file = ts.createLanguageServiceSourceFile(
      path,
      snapshot,
      target ?? ts.ScriptTarget.ES2022,
      version,
      true,
      kind,
    );
    parsed.set(path, file);
    return file;
  };
  registry.acquireDocumentWithKey = registry.updateDocumentWithKey;
  const service = ts.createLanguageService(host, registry);

  return {
    service,
    cellPath,
    isInMemory: (path) => inMemory.has(path),
    open(earlier, source, refresh = false) {
      set(earlierPath, earlier);
      set(cellPath, source, refresh);
      const program = service.getProgram()!;
      const [cell, previous] = [cellPath, earlierPath].map((path) => program.getSourceFile(path)!);
      // Names are looked up along `parent`: after the cell's top level in the declarations of earlier cells.
      (cell as { parent: ts.Node }).parent = previous;
      return { program, cell, earlier: previous };
    },
  };
}
