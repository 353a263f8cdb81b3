// Compiles the cells of one notebook: checks a cell after what earlier cells declared, and turns it and the local modules
// it imports into JavaScript.
//
// There are two language services over the same parsed files. The light one knows Node's types only and is enough for
// most cells; the full one has every package in use. A cell goes to the full one when it, or an earlier declaration it
// can see, needs a package, and when the light one finds anything wrong with it.

import { dirname, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../src/paths';
import { cellOptions } from './cell-options';
import { declaredNames } from './declared-names';
import {
  type Binding,
  type Entry,
  identifiers,
  mergeEntries,
  needsPackages,
  parseEntries,
  reachable,
  textOf,
} from './earlier-declarations';
import { type Emitted, emitCell, emitModule } from './emit';
import { createLanguage, type Language } from './language-service';
import { createResolver, isBuiltin } from './module-resolution';
import { type Problem, problemsOf } from './problems';
import { SourceFiles } from './source-files';

/** Code with where its imports lead: specifier -> path of a local source file. */
export interface Linked extends Emitted {
  resolved: Record<string, string>;
}

export interface LocalModule extends Linked {
  path: string;
}

export interface CompiledCell extends Linked {
  declared: string[];
  hasResult: boolean;
  /** Local modules that are new or have changed, whichever cell imported them. */
  modules: LocalModule[];
  /** Names earlier cells imported from local modules; filled when modules have changed. */
  bindings: (Binding & { path: string })[];
}

export type Compiled = { problems: Problem[] } | { cell: CompiledCell };

export interface CellCompiler {
  readonly problem: string | undefined;
  readonly full: Language;
  readonly files: SourceFiles;
  readonly options: ts.CompilerOptions;
  /** Declarations of all cells so far. */
  readonly earlier: string;
  compile(source: string): Compiled;
  /** The cell compiled last has run; names in `unreached` it did not get to declare. */
  commit(unreached: ReadonlySet<string>): void;
  /** A local module on its own, for `import()` of a computed path. */
  compileModule(path: string): { modules: LocalModule[] } | { problems: Problem[] };
}

const distribution = join(packageRoot, 'dist');

/** @param preloaded import lines of what every cell has  @param globals ambient declarations of the same kind */
export function createCellCompiler(directory: string, preloaded: string, globals: string): CellCompiler {
  const { options, problem } = cellOptions(directory);
  const files = new SourceFiles((path) => path.startsWith(distribution));
  const resolver = createResolver(directory, options);
  const light = createLanguage(directory, options, files, resolver, globals);
  const full = createLanguage(directory, options, files, resolver, globals);
  const emitted = new Map<string, string>();
  let entries: Entry[] = parseEntries(preloaded);
  let fresh: Entry[] = [];

  const parseCell = (source: string) =>
    ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);

  /** Earlier declarations for the light service; undefined when it would not do. */
  function withoutPackages(source: string, parsed: ts.SourceFile): Entry[] | undefined {
    const imports = ts.preProcessFile(source, true, true).importedFiles;
    if (imports.some(({ fileName }) => !isBuiltin(fileName))) return undefined;
    const seen = reachable(entries, identifiers(parsed)).filter(({ name }) => name !== undefined);
    return seen.some(needsPackages) ? undefined : seen;
  }

  const linked = (code: Emitted, file: string): Linked => {
    const resolved: Record<string, string> = {};
    for (const name of code.imports) {
      const path = resolver.local(name, file);
      if (path) resolved[name] = path;
    }
    return { ...code, resolved };
  };

  const localSources = (program: ts.Program, cell: ts.SourceFile) =>
    program
      .getSourceFiles()
      .filter(
        (file) =>
          file !== cell &&
          !file.isDeclarationFile &&
          !file.fileName.includes('/node_modules/') &&
          !file.fileName.endsWith('.json'),
      );

  const diagnose = (program: ts.Program, file: ts.SourceFile) => {
    const syntactic = program.getSyntacticDiagnostics(file);
    return syntactic.length ? syntactic : program.getSemanticDiagnostics(file);
  };

  /** Local modules that changed since they were last compiled, or what is wrong with them. */
  function changedModules(
    program: ts.Program,
    cell: ts.SourceFile,
  ): { modules: LocalModule[]; wrong: ts.Diagnostic[] } {
    const sources = localSources(program, cell);
    const changed = sources.filter(({ fileName }) => emitted.get(fileName) !== files.version(fileName));
    if (changed.length === 0) return { modules: [], wrong: [] };
    const wrong = sources
      .flatMap((file) => diagnose(program, file))
      .filter(({ category }) => category === ts.DiagnosticCategory.Error);
    if (wrong.length) return { modules: [], wrong };
    const modules = changed.map((file) => ({
      path: file.fileName,
      ...linked(emitModule(program, file), file.fileName),
    }));
    for (const { path } of modules) emitted.set(path, files.version(path));
    return { modules, wrong };
  }

  function compileWith(language: Language, seen: Entry[], source: string, exported: string[]): Compiled {
    const whole = exported.length ? `${source}\nexport { ${exported.join(', ')} };` : source;
    const opened = language.open(textOf(seen), whole, true);
    const { program, cell } = opened;
    const found = problemsOf(diagnose(program, cell), directory, cell, source.length);
    if (found.length) return { problems: found };
    const { modules, wrong } = changedModules(program, cell);
    if (wrong.length) return { problems: problemsOf(wrong, directory, cell, source.length) };
    const { declarations, ...code } = emitCell(opened, new Set(exported));
    fresh = exported.length || /\b(?:declare|export)\b/.test(source) ? parseEntries(declarations) : [];
    const bindings: CompiledCell['bindings'] = [];
    for (const { binding, space } of modules.length ? entries : []) {
      const path = binding && space === 'both' && resolver.local(binding.specifier, language.cellPath);
      if (path) bindings.push({ ...binding, path });
    }
    return { cell: { ...code, ...linked(code, language.cellPath), modules, bindings } };
  }

  return {
    problem,
    full,
    files,
    options,
    get earlier() {
      return textOf(entries);
    },
    compile(source) {
      fresh = [];
      files.refresh();
      const parsed = parseCell(source);
      const exported = declaredNames(parsed);
      const seen = withoutPackages(source, parsed);
      if (seen) {
        const result = compileWith(light, seen, source, exported);
        if ('cell' in result) return result;
      }
      return compileWith(full, entries, source, exported);
    },
    commit(unreached) {
      entries = mergeEntries(entries, fresh, unreached);
      fresh = [];
    },
    compileModule(path) {
      files.refresh();
      const { program, cell } = full.open(textOf(entries), `import ${JSON.stringify(path)};`, true);
      const { modules, wrong } = changedModules(program, cell);
      if (wrong.length) return { problems: problemsOf(wrong, dirname(path), cell, 0) };
      return { modules };
    },
  };
}
