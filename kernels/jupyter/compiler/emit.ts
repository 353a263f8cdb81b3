// From checked TypeScript to JavaScript that runs in the kernel. Top-level declarations of cells live in `exports`,
// which all cells share, so that a name means in every function what it was last declared or set to. Modules become
// CommonJS.

import ts from 'typescript';
import { guardAwaits } from './await-points';
import { cellTransformer } from './cell-transformer';
import type { Insertion } from './insertions';
import { importTransformer } from './kernel-imports';
import type { Opened } from './opened';
import { SharedNames } from './shared-names';

export interface Emitted {
  /** CommonJS, every await guarded. */
  code: string;
  /** Whether it awaits outside of functions. */
  awaits: boolean;
  /** Specifiers of its static imports, in order. */
  imports: string[];
  /** Source maps from the source to `code` before its awaits were guarded: one for each step, first to last. */
  maps: string[];
  insertions: Insertion[];
}

export interface EmittedCell extends Emitted {
  /** Names that `exports` has once the code has run. */
  declared: string[];
  hasResult: boolean;
  /** The text of its .d.ts file. */
  declarations: string;
}

const COMMON_JS: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  allowJs: true,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
};

interface Written {
  script: string;
  map: string;
  declarations: string;
}

function write(program: ts.Program, file: ts.SourceFile, transformers: ts.CustomTransformers): Written {
  const written: Written = { script: '', map: '', declarations: '' };
  const take: ts.WriteFileCallback = (name, text) => {
    if (name.endsWith('.map')) written.map = text;
    else if (/\.d\.[cm]?ts$/.test(name)) written.declarations = text;
    else written.script = text;
  };
  // With `forceDtsEmit`, declarations are written also where a type cannot be named; TypeScript then writes what it
  // can.
  const emit = program.emit as (...args: unknown[]) => ts.EmitResult;
  emit.call(program, file, take, undefined, false, transformers, true);
  return written;
}

function toCommonJs(written: Written): Emitted {
  const script = written.script.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  const imports = ts.preProcessFile(script, true, false).importedFiles.map(({ fileName }) => fileName);
  const { outputText, sourceMapText } = ts.transpileModule(script, {
    fileName: 'module.js',
    compilerOptions: COMMON_JS,
  });
  const { code, insertions, topLevel } = guardAwaits(outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));
  return { code, insertions, awaits: topLevel, imports, maps: [written.map, sourceMapText ?? ''] };
}

const HOISTED = /^exports\.[\w$]+ = (?:exports\.[\w$]+ = )*void 0;$/gm;

/** @param exported names that the cell shares with later cells */
export function emitCell({ program, cell, earlier }: Opened, exported: ReadonlySet<string>): EmittedCell {
  let hasResult = false;
  const names = new SharedNames(program.getTypeChecker(), cell, earlier, exported);
  const transformer = cellTransformer(names, () => {
    hasResult = true;
  });
  const written = write(program, cell, { before: [transformer] });
  const emitted = toCommonJs(written);
  const declared = [...emitted.code.matchAll(HOISTED)].flatMap(([line]) =>
    [...line.matchAll(/exports\.([\w$]+)/g)].map(([, name]) => name),
  );
  // A name must not be cleared before its declaration is reached, and imports must stay assignable.
  const code = emitted.code
    .replace(HOISTED, '')
    .replace(/^Object\.defineProperty\(exports, /gm, '__define__(exports, ');
  return { ...emitted, code, declared, hasResult, declarations: written.declarations };
}

export const emitModule = (program: ts.Program, file: ts.SourceFile): Emitted =>
  toCommonJs(write(program, file, { before: [importTransformer] }));
