// Type errors as the kernel shows them: place, message, and the line with a caret below what is wrong.

import { relative } from 'node:path';
import ts from 'typescript';

export interface Problem {
  /** The local module it is in; undefined for the cell itself. */
  file: string | undefined;
  /** One-based. */
  line: number;
  column: number;
  message: string;
  /** The source line, and where in it the trouble is (zero-based columns). */
  source: string;
  from: number;
  until: number;
}

const LONGEST_LINE = 400;

/** Errors of files; `length` of the cell is its length without what was put behind it. */
export function problemsOf(
  diagnostics: readonly ts.Diagnostic[],
  directory: string,
  cell: ts.SourceFile,
  length: number,
): Problem[] {
  const problems: Problem[] = [];
  for (const { file, start = 0, length: extent = 0, messageText, code, category } of diagnostics) {
    if (!file || category !== ts.DiagnosticCategory.Error) continue;
    const at = file === cell ? Math.min(start, length) : start;
    const { line, character } = file.getLineAndCharacterOfPosition(at);
    const end = file.getLineAndCharacterOfPosition(Math.min(at + extent, file.text.length));
    const source = (file.text.split('\n')[line] ?? '').replace(/\r$/, '');
    problems.push({
      file: file === cell ? undefined : relative(directory, file.fileName),
      line: line + 1,
      column: character + 1,
      message: `${ts.flattenDiagnosticMessageText(messageText, '\n')} (TS${code})`,
      source: source.slice(0, LONGEST_LINE),
      from: character,
      until: Math.min(end.line === line ? end.character : source.length, LONGEST_LINE),
    });
  }
  return problems.sort((a, b) => Number(a.file !== undefined) - Number(b.file !== undefined));
}
