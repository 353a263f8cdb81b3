// A program with a type checker that has already checked a cell. Another cell, and other declarations before it, can be
// checked with it as long as they import nothing new and add nothing to types from elsewhere: a new program and checker
// would resolve every type of the packages again, which takes longer than all else that a small cell needs.

import ts from 'typescript';
import type { Opened } from './opened';
import type { SourceFiles } from './source-files';

/** What TypeScript keeps in a source file and a program, but does not declare. */
interface ProgramFile extends ts.SourceFile {
  path: string;
  resolvedPath: string;
  originalFileName: string;
  imports: readonly ts.StringLiteralLike[];
  moduleAugmentations: readonly ts.Node[];
  ambientModuleNames: readonly string[];
  commentDirectives?: readonly unknown[];
  checkJsDirective?: unknown;
}
interface Internals {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
}
type ResolvedModules = Map<string, unknown>;

const IN_MEMORY = /\/__(?:cell|earlier|globals)__(?:\.d)?\.ts$/;

/** The checker keeps what it knows of every text: after so many characters, a new one is due. */
const MAX_CHARACTERS = 400_000;

/** Whether a file adds to the types of others, or makes the program read more files. */
function reachesOut(file: ProgramFile): boolean {
  const { referencedFiles, typeReferenceDirectives, libReferenceDirectives, commentDirectives, checkJsDirective } =
    file;
  const directives = [referencedFiles, typeReferenceDirectives, libReferenceDirectives, commentDirectives];
  return (
    checkJsDirective !== undefined ||
    directives.some((each) => each !== undefined && each.length > 0) ||
    file.statements.some((statement) => ts.isModuleDeclaration(statement) || ts.isNamespaceExportDeclaration(statement))
  );
}

/** The modules that declarations name: in imports, and in types such as `import('zod').ZodType`. */
function importsOf(file: ts.SourceFile): ts.StringLiteralLike[] {
  const found: ts.StringLiteralLike[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      if (ts.isStringLiteralLike(node.moduleSpecifier)) found.push(node.moduleSpecifier);
    } else if (ts.isExternalModuleReference(node) && ts.isStringLiteralLike(node.expression)) {
      found.push(node.expression);
    } else if (ts.isLiteralTypeNode(node) && ts.isImportTypeNode(node.parent) && ts.isStringLiteralLike(node.literal)) {
      if (node.parent.argument === node) found.push(node.literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

export class CheckedProgram {
  readonly program: ts.Program;
  private cell: ProgramFile;
  private earlier: ProgramFile;
  private readonly specifiers: ReadonlySet<string>;
  private readonly resolved: ResolvedModules;
  /** Local modules, with their versions. */
  private readonly local: [path: string, version: string][] = [];
  private characters = 0;
  private files = 0;

  /** @param parse parses the text of one of the program's files in memory, as the program does */
  constructor(
    opened: Opened,
    private readonly sources: SourceFiles,
    private readonly parse: (path: string, text: string) => ts.SourceFile,
  ) {
    this.program = opened.program;
    this.cell = opened.cell as ProgramFile;
    this.earlier = opened.earlier as ProgramFile;
    this.specifiers = new Set(this.earlier.imports.map(({ text }) => text));
    this.resolved = (this.program as unknown as { resolvedModules?: ResolvedModules }).resolvedModules ?? new Map();
    for (const { fileName } of this.program.getSourceFiles())
      if (!sources.isFixed(fileName) && !IN_MEMORY.test(fileName))
        this.local.push([fileName, sources.version(fileName)]);
    const find = this.program.getSourceFile;
    this.program.getSourceFile = (path) => (path === this.cell.fileName ? this.cell : find(path));
  }

  /** Whether no local module has changed. */
  isCurrent(): boolean {
    return this.local.every(([path, version]) => this.sources.version(path) === version);
  }

  /** The program as it is, where it is that of these texts. */
  opened(earlier: string, source: string): Opened | undefined {
    const { program, cell } = this;
    return cell.text === source && this.earlier.text === earlier ? { program, cell, earlier: this.earlier } : undefined;
  }

  /** The program with another cell after other declarations; undefined where it needs a new one. */
  reopen(earlier: string, source: string): Opened | undefined {
    this.characters += source.length;
    if (earlier !== this.earlier.text) this.characters += earlier.length;
    if (this.characters > MAX_CHARACTERS) return undefined;
    if (ts.preProcessFile(source, true, true).importedFiles.length > 0) return undefined;
    if (reachesOut(this.earlier) || !this.isCurrent()) return undefined;
    const cell = this.read(this.cell, source);
    if (reachesOut(cell)) return undefined;
    if (earlier !== this.earlier.text) {
      const declared = this.read(this.earlier, earlier);
      declared.imports = importsOf(declared);
      if (reachesOut(declared) || declared.imports.some(({ text }) => !this.specifiers.has(text))) return undefined;
      const modules = this.resolved.get(this.earlier.path);
      if (modules !== undefined) this.resolved.set(declared.path, modules);
      if (this.earlier.path.includes('?')) this.resolved.delete(this.earlier.path);
      this.earlier = declared;
    }
    (cell as { parent?: ts.Node }).parent = this.earlier;
    this.cell = cell;
    return { program: this.program, cell, earlier: this.earlier };
  }

  /** A file in place of another: the program and its checker tell files apart by their path. */
  private read(replaced: ProgramFile, text: string): ProgramFile {
    const file = this.parse(replaced.fileName, text) as ProgramFile;
    const path = `${replaced.path.replace(/\?\d+$/, '')}?${++this.files}`;
    Object.assign(file, { path, resolvedPath: path, originalFileName: replaced.fileName });
    Object.assign(file, { imports: [], moduleAugmentations: [], ambientModuleNames: [] });
    (ts as unknown as Internals).bindSourceFile(file, this.program.getCompilerOptions());
    return file;
  }
}
