// Type errors as the kernel shows them: place, message, and the source line with carets below the error.

import { relative } from 'node:path';
import ts from 'typescript';
import { insteadOf } from '../../../src/catalogue/openmmlab-functions';
import { didYouMean, nearest } from '../../../src/errors';
import { enclosing, possibleOptions } from './object-options';

export interface Problem {
  /** The local module; undefined for the cell itself. */
  file: string | undefined;
  /** One-based. */
  line: number;
  column: number;
  message: string;
  /** The source line, and the extent of the error in it (zero-based columns). */
  source: string;
  from: number;
  until: number;
}

const MAX_LINE = 400;

/** The name that was meant by a string, and what TypeScript cannot know of names of modules. */
function hintOfName({ file, start = 0, messageText }: ts.Diagnostic, checker: ts.TypeChecker | undefined): string {
  const text = typeof messageText === 'string' ? messageText : messageText.messageText;
  const [, name, expected] =
    /^(?:Argument of type|Type) '"([^"]+)"' is not assignable to ((?!.*Did you mean).*)/s.exec(text) ?? [];
  if (name === undefined) return '';
  const literal = checker && file && enclosing(file, start + 1, ts.isStringLiteralLike);
  const near = literal ? didYouMean(name, possibleStrings(checker, literal)) : '';
  if (!/Choice/.test(expected)) return near && `\n${near.trim()}`;
  const listed = near ? `.${near} modules()` : ': modules()';
  return `\nNo module has the name "${name}"${listed} lists them. One of your own is known after a cell with register(...) has run`;
}

/** What a string may be, by the type that is expected of it. */
function possibleStrings(checker: ts.TypeChecker, literal: ts.StringLiteralLike): string[] {
  const expected = checker.getContextualType(literal);
  const types = expected?.isUnion() ? expected.types : expected ? [expected] : [];
  return types.flatMap((type) => (type.isStringLiteral() ? [type.value] : []));
}

const UNKNOWN_PROPERTY = 2353;
const MAX_LISTED = 30;

/** Names near to that of an unknown property of an object, or those that there are. */
function hintOfProperty(checker: ts.TypeChecker, { file, start = 0, length = 0, code }: ts.Diagnostic): string {
  const literal =
    code === UNKNOWN_PROPERTY && file ? enclosing(file, start + 1, ts.isObjectLiteralExpression) : undefined;
  if (!file || !literal) return '';
  const name = file.text.slice(start, start + length).replace(/^['"]|['"]$/g, '');
  const names = [...possibleOptions(checker, literal, start)].filter((one) => !one.startsWith('__'));
  const containing = name.length > 3 ? names.filter((one) => one.includes(name)) : [];
  const near =
    containing.length > 0 ? containing.slice(0, 3) : [nearest(name, names)].filter((one) => one !== undefined);
  if (near.length > 0) return `\nDid you mean ${near.map((one) => `"${one}"`).join(' or ')}?`;
  if (names.length === 0 || names.length > MAX_LISTED) return '';
  return `\nThere are ${names.join(', ')}`;
}

const UNKNOWN_NAMES = [2304, 2552];
const NO_MODULE = 2307;

/** What stands here for a name of MMDetection's Python API. */
function hintOfPython({ file, start = 0, length = 0, code }: ts.Diagnostic): string {
  if (!file || ![...UNKNOWN_NAMES, NO_MODULE].includes(code)) return '';
  const text = file.text.slice(start, start + length).replace(/^['"]|['"]$/g, '');
  if (code === NO_MODULE)
    return /^(mmdet|mmcv|mmengine|mmyolo)(\.|\/|$)/.test(text)
      ? `\n${text} is a Python package. What it does is in 'detlab', whose names are there without an import`
      : '';
  const instead = insteadOf(text);
  return instead === undefined ? '' : `\n${instead}`;
}

/** Errors of files; `length` is that of the cell without the text appended to it. */
export function problemsOf(
  diagnostics: readonly ts.Diagnostic[],
  directory: string,
  cell: ts.SourceFile,
  length: number,
  checker?: ts.TypeChecker,
): Problem[] {
  let problems: (Problem & { appended: boolean })[] = [];
  for (const diagnostic of diagnostics) {
    const { file, start = 0, length: extent = 0, messageText, code, category } = diagnostic;
    if (!file || category !== ts.DiagnosticCategory.Error) continue;
    const at = file === cell ? Math.min(start, length) : start;
    const { line, character } = file.getLineAndCharacterOfPosition(at);
    const end = file.getLineAndCharacterOfPosition(Math.min(at + extent, file.text.length));
    const source = (file.text.split('\n')[line] ?? '').replace(/\r$/, '');
    const hint =
      hintOfName(diagnostic, checker) ||
      hintOfPython(diagnostic) ||
      (checker ? hintOfProperty(checker, diagnostic) : '');
    problems.push({
      appended: file === cell && start > length,
      file: file === cell ? undefined : relative(directory, file.fileName),
      line: line + 1,
      column: character + 1,
      message: `${ts.flattenDiagnosticMessageText(messageText, '\n')} (TS${code})${hint}`,
      source: source.slice(0, MAX_LINE),
      from: character,
      until: Math.min(end.line === line ? end.character : source.length, MAX_LINE),
    });
  }
  // What the appended text makes of an error in the cell is said by that error.
  if (problems.some(({ appended }) => !appended)) problems = problems.filter(({ appended }) => !appended);
  return problems.sort((a, b) => Number(a.file !== undefined) - Number(b.file !== undefined));
}
