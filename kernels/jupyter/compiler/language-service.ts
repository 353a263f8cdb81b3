// A TypeScript language service over three files in memory: the cell, the declarations of earlier cells, and the
// globals of every cell. The cell is a module whose outer scope is the file of earlier declarations, so that it may
// redeclare any name.

import { join } from 'node:path';
import ts from 'typescript';
import { CheckedProgram } from './checked-program';
import type { Resolver } from './module-resolution';
import type { Opened } from './opened';
import type { SourceFiles } from './source-files';

export interface LanguageService {
  readonly service: ts.LanguageService;
  readonly cellPath: string;
  /** Whether a path is that of the cell, of earlier declarations or of globals. */
  isInMemory(path: string): boolean;
  /** A new program, of a cell after earlier declarations. */
  open(earlier: string, source: string): Opened;
  /** The same in the program opened last, in a fraction of the time; undefined where it needs a new one. */
  reopen(earlier: string, source: string): Opened | undefined;
  /** Whether there is such a program and no local module in it has changed. */
  isCurrent(): boolean;
  /**
   * The cell in a program for the service's answers. It is not that of `open`: what the checker has found in a cell that is
   * being typed would be missing where the cell is compiled.
   */
  show(earlier: string, source: string): Opened;
  /** Makes the next cell open a new program: that of the last one has found an error. */
  renew(): void;
}

type MemoryFiles = Map<string, { text: string; version: number; snapshot: ts.IScriptSnapshot }>;

interface HostParts {
  directory: string;
  options: ts.CompilerOptions;
  files: SourceFiles;
  resolver: Resolver;
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
  const inMemory: MemoryFiles = new Map();
  let changes = 0;
  const set = (path: string, text: string, refresh = false) => {
    const previous = inMemory.get(path);
    if (previous?.text === text && !refresh) return;
    const version = (previous?.version ?? 0) + 1;
    changes++;
    inMemory.set(path, { text, version, snapshot: ts.ScriptSnapshot.fromString(text) });
  };
  set(cellPath, '');
  set(earlierPath, 'export {};\n');
  set(globalsPath, globals);

  const host = createHost({ directory, options, files, resolver }, inMemory, {
    // While it is the same, TypeScript does not ask for the version of each file, before each of its answers.
    getProjectVersion: () => `${changes} ${files.generation}`,
    getScriptFileNames: () => [globalsPath, earlierPath, cellPath],
  });
  const { registry, parse } = sharedRegistry(options, files, (path) => inMemory.has(path));
  const service = ts.createLanguageService(host, registry);
  const parseAgain = (path: string, text: string) => parse(path, ts.ScriptSnapshot.fromString(text), '1');
  let checked: CheckedProgram | undefined;
  let shown: CheckedProgram | undefined;

  function create(earlier: string, source: string): Opened {
    set(earlierPath, earlier);
    set(cellPath, source, true);
    const program = service.getProgram()!;
    const [cell, previous] = [cellPath, earlierPath].map((path) => program.getSourceFile(path)!);
    // Names are looked up along `parent`: after the cell's top level in the declarations of earlier cells.
    (cell as { parent: ts.Node }).parent = previous;
    return { program, cell, earlier: previous };
  }

  return {
    service,
    cellPath,
    isInMemory: (path) => inMemory.has(path),
    open(earlier, source) {
      const opened = create(earlier, source);
      checked = new CheckedProgram(opened, files, parseAgain);
      return opened;
    },
    show(earlier, source) {
      const current = shown?.program === service.getProgram() ? shown : undefined;
      const known = current?.opened(earlier, source) ?? current?.reopen(earlier, source);
      if (known) return known;
      const opened = create(earlier, source);
      shown = new CheckedProgram(opened, files, parseAgain);
      return opened;
    },
    reopen: (earlier, source) => checked?.reopen(earlier, source),
    isCurrent: () => checked?.isCurrent() ?? false,
    renew() {
      checked = undefined;
    },
  };
}

/** What TypeScript asks for: files in memory first, then those on disk. */
function createHost(
  { directory, options, files, resolver }: HostParts,
  inMemory: MemoryFiles,
  changing: Required<Pick<ts.LanguageServiceHost, 'getProjectVersion' | 'getScriptFileNames'>>,
): ts.LanguageServiceHost & { getModuleResolutionCache(): ts.ModuleResolutionCache } {
  return {
    getCompilationSettings: () => options,
    ...changing,
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
    getModuleResolutionCache: () => resolver.cache,
    resolveModuleNameLiterals: (literals, file) =>
      literals.map(({ text }) => ({ resolvedModule: resolver.resolve(text, file) })),
  };
}

/** The registry of all programs, except for the files in memory: these are parsed here, each version once. */
function sharedRegistry(options: ts.CompilerOptions, files: SourceFiles, isInMemory: (path: string) => boolean) {
  const registry: ts.DocumentRegistry = Object.create(files);
  const parsed = new Map<string, ts.SourceFile & { version?: string }>();
  const targets = new Map<string, ts.CreateSourceFileOptions | ts.ScriptTarget>();
  const parse = (path: string, snapshot: ts.IScriptSnapshot, version: string) =>
    ts.createLanguageServiceSourceFile(path, snapshot, targets.get(path) ?? ts.ScriptTarget.ES2022, version, true);
  registry.updateDocumentWithKey = (path, _path, _options, _key, snapshot, version, kind, target) => {
    if (!isInMemory(path)) return files.updateDocument(path, options, snapshot, version, kind, target);
    const known = parsed.get(path);
    if (known?.version === version) return known;
    if (target !== undefined) targets.set(path, target);
    const file = parse(path, snapshot, version);
    parsed.set(path, file);
    return file;
  };
  registry.acquireDocumentWithKey = registry.updateDocumentWithKey;
  return { registry, parse };
}
