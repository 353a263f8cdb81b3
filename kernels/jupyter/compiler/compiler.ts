// Compiles the cells of one notebook: checks a cell against the declarations of earlier cells, and compiles it and the
// local modules it imports to JavaScript.
//
// Three language services share the parsed files. The bare one has the types of JavaScript only, which are soon read: it
// serves until those of Node are there. The light one has these, which is enough for most cells; the full one has every
// package in use. A cell goes to the full one when it, or an earlier declaration that it can see, needs a package, and
// when the others find an error in it.

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
import { createLanguageService, type LanguageService } from './language-service';
import { createResolver, isBuiltin, type Resolver } from './module-resolution';
import type { Opened } from './opened';
import { type Problem, problemsOf } from './problems';
import { declareRegistered } from './registered-modules';
import { SourceFiles } from './source-files';

/** Code with the local source files that its imports resolve to: specifier -> path. */
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
  /** Names that earlier cells imported from local modules; only when modules have changed. */
  bindings: (Binding & { path: string })[];
}

export type Compiled = { problems: Problem[] } | { cell: CompiledCell };
export type CompiledModules = { problems: Problem[] } | { modules: LocalModule[] };

interface ChangedModules {
  modules: LocalModule[];
  /** Errors in local modules; there are no `modules` then. */
  errors: ts.Diagnostic[];
}

const distribution = join(packageRoot, 'dist');

/** Cells that are not compiled again when they are run again. */
const MAX_KNOWN = 30;

/** What they have is not known before the types of Node are. */
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(['globalThis', 'global']);

const parseCell = (source: string) =>
  ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);

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

function diagnose(program: ts.Program, file: ts.SourceFile): readonly ts.Diagnostic[] {
  const syntactic = program.getSyntacticDiagnostics(file);
  return syntactic.length ? syntactic : program.getSemanticDiagnostics(file);
}

function prepare(language: LanguageService, earlier: string, source: string): void {
  const { program, cell } = language.open(earlier, source);
  diagnose(program, cell);
}

export class CellCompiler {
  readonly options: ts.CompilerOptions;
  /** Errors in tsconfig.json. */
  readonly problem: string | undefined;
  readonly files = new SourceFiles((path) => path.startsWith(distribution));
  readonly full: LanguageService;
  private readonly light: LanguageService;
  /** Until the light one has been used. */
  private bare: LanguageService | undefined;
  private readonly resolver: Resolver;
  /** Version of each local module when it was compiled last, by path. */
  private readonly compiledVersions = new Map<string, string>();
  /** Declarations of the cells that have run. */
  private entries: Entry[];
  /** Declarations of the cell compiled last, until it has run. */
  private fresh: Entry[] = [];

  /** Cells that were compiled, with their declarations, by their text and that of the declarations before them. */
  private readonly known = new Map<string, { cell: CompiledCell; fresh: Entry[] }>();

  /** @param prelude import lines that every cell has  @param globals ambient declarations that every cell has */
  constructor(
    private readonly directory: string,
    prelude: string,
    private readonly globals: string,
  ) {
    const { options, problem } = cellOptions(directory);
    this.options = options;
    this.problem = problem;
    this.resolver = createResolver(directory, options);
    this.light = createLanguageService(directory, options, this.files, this.resolver, globals);
    this.bare = createLanguageService(directory, { ...options, types: [] }, this.files, this.resolver, '');
    this.full = createLanguageService(directory, options, this.files, this.resolver, globals);
    this.entries = parseEntries(prelude);
  }

  /** Declarations of all cells so far. */
  get earlier(): string {
    return textOf(this.entries);
  }

  compile(source: string): Compiled {
    this.fresh = [];
    this.files.refresh();
    const parsed = parseCell(source);
    const exported = declaredNames(parsed);
    const visible = this.visibleWithoutPackages(source, parsed);
    if (visible) {
      if (this.bare && this.isBare(source, parsed, visible)) {
        const result = this.compileWith(this.bare, visible, source, exported);
        if ('cell' in result) return result;
      }
      this.bare = undefined;
      const result = this.compileWith(this.light, visible, source, exported);
      if ('cell' in result) return result;
    }
    this.bare = undefined;
    const registered = declareRegistered(parsed, exported, this.entries);
    return this.compileWith(this.full, registered.earlier, source, exported, registered.text);
  }

  /** Builds the program with Node's types. */
  prepareLight(): void {
    if (!this.light.isCurrent()) prepare(this.light, 'export {};\n', 'process;');
    this.bare = undefined;
  }

  /** Has the types at hand that a cell uses which is likely to come; does nothing once a cell has used packages. */
  prepareFull(source: string): void {
    if (!this.full.isCurrent()) prepare(this.full, this.earlier, source);
  }

  /** The cell compiled last has run; it did not reach the declarations of the names in `unreached`. */
  commit(unreached: ReadonlySet<string>): void {
    this.entries = mergeEntries(this.entries, this.fresh, unreached);
    this.fresh = [];
  }

  /** Compiles a local module by itself, for `import()` of a computed path. */
  compileModule(path: string): CompiledModules {
    this.files.refresh();
    this.known.clear();
    const { program, cell } = this.full.open(textOf(this.entries), `import ${JSON.stringify(path)};`);
    const { modules, errors } = this.changedModules(program, cell);
    if (errors.length) return { problems: problemsOf(errors, dirname(path), cell, 0) };
    return { modules };
  }

  /** Earlier declarations that the light service needs; undefined when it cannot check the cell. */
  private visibleWithoutPackages(source: string, parsed: ts.SourceFile): Entry[] | undefined {
    const imports = ts.preProcessFile(source, true, true).importedFiles;
    if (imports.some(({ fileName }) => !isBuiltin(fileName))) return undefined;
    const visible = reachable(this.entries, identifiers(parsed)).filter(({ name }) => name !== undefined);
    return visible.some(needsPackages) ? undefined : visible;
  }

  /** Whether a cell refers to nothing that is not JavaScript's or of cells like it. */
  private isBare(source: string, parsed: ts.SourceFile, visible: Entry[]): boolean {
    if (/\b(?:import|require|reference)\b/.test(source) || visible.some(({ binding }) => binding)) return false;
    const declared = identifiers(parseCell(this.globals));
    return ![...identifiers(parsed)].some((name) => declared.has(name) || GLOBAL_OBJECTS.has(name));
  }

  /** @param more declarations to check with the cell */
  private compileWith(
    language: LanguageService,
    visible: Entry[],
    source: string,
    exported: string[],
    more = '',
  ): Compiled {
    const whole = `${source}${exported.length ? `\nexport { ${exported.join(', ')} };` : ''}${more}`;
    const earlier = textOf(visible);
    const key = `${[this.bare, this.light, this.full].indexOf(language)}\n${whole}\n${earlier}`;
    const known = language.isCurrent() ? this.known.get(key) : undefined;
    if (known) {
      this.fresh = known.fresh;
      return { cell: known.cell };
    }
    const reopened = this.checkedAgain(language, earlier, whole);
    if (reopened) {
      const cell = this.emit(language, reopened, whole, exported);
      this.known.set(key, { cell, fresh: this.fresh });
      const [oldest] = this.known.keys();
      if (this.known.size > MAX_KNOWN) this.known.delete(oldest);
      return { cell };
    }
    this.known.clear(); // what it imports may have changed
    const opened = language.open(earlier, whole);
    const { program, cell } = opened;
    const problems = problemsOf(diagnose(program, cell), this.directory, cell, source.length, program.getTypeChecker());
    if (problems.length) {
      language.renew();
      return { problems };
    }
    const { modules, errors } = this.changedModules(program, cell);
    if (errors.length) return { problems: problemsOf(errors, this.directory, cell, source.length) };
    return { cell: this.emit(language, opened, whole, exported, modules) };
  }

  /** The cell in the program of the last one, unless that has to be made anew or there is an error to be reported. */
  private checkedAgain(language: LanguageService, earlier: string, whole: string): Opened | undefined {
    const opened = language.reopen(earlier, whole);
    if (!opened || diagnose(opened.program, opened.cell).length === 0) return opened;
    language.renew(); // the checker reports some errors only where it meets them first
    return undefined;
  }

  private emit(
    language: LanguageService,
    opened: Opened,
    whole: string,
    exported: string[],
    modules: LocalModule[] = [],
  ): CompiledCell {
    const { declarations, ...code } = emitCell(opened, new Set(exported));
    this.fresh = exported.length || /\b(?:declare|export)\b/.test(whole) ? parseEntries(declarations) : [];
    const bindings = modules.length ? this.localBindings(language.cellPath) : [];
    return { ...code, ...this.link(code, language.cellPath), modules, bindings };
  }

  /** Local modules that changed since they were compiled last, or their errors. */
  private changedModules(program: ts.Program, cell: ts.SourceFile): ChangedModules {
    const sources = localSources(program, cell);
    const changed = sources.filter(
      ({ fileName }) => this.compiledVersions.get(fileName) !== this.files.version(fileName),
    );
    if (changed.length === 0) return { modules: [], errors: [] };
    const errors = sources
      .flatMap((file) => diagnose(program, file))
      .filter(({ category }) => category === ts.DiagnosticCategory.Error);
    if (errors.length) return { modules: [], errors };
    const modules = changed.map((file) => ({
      path: file.fileName,
      ...this.link(emitModule(program, file), file.fileName),
    }));
    for (const { path } of modules) this.compiledVersions.set(path, this.files.version(path));
    return { modules, errors };
  }

  private link(code: Emitted, file: string): Linked {
    const resolved: Record<string, string> = {};
    for (const name of code.imports) {
      const path = this.resolver.local(name, file);
      if (path) resolved[name] = path;
    }
    return { ...code, resolved };
  }

  private localBindings(cellPath: string): CompiledCell['bindings'] {
    const bindings: CompiledCell['bindings'] = [];
    for (const { binding, space } of this.entries) {
      const path = binding && space === 'both' && this.resolver.local(binding.specifier, cellPath);
      if (path) bindings.push({ ...binding, path });
    }
    return bindings;
  }
}
