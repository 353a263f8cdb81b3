// Type errors as the kernel shows them: place, message, and the source line with carets below the error.

import { relative } from 'node:path';
import ts from 'typescript';

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

/** What TypeScript cannot know of a type name that the catalogue lacks. */
function hintOf(message: string | ts.DiagnosticMessageChain): string {
  const text = typeof message === 'string' ? message : message.messageText;
  const name = /^(?:Argument of type|Type) '"([^"]+)"' is not assignable to .*Choice/.exec(text)?.[1];
  if (name === undefined) return '';
  return `\nNo module has the name "${name}": modules() lists them. One of your own is known after a cell with register(...) has run`;
}

/** Errors of files; `length` is that of the cell without the text appended to it. */
export function problemsOf(
  diagnostics: readonly ts.Diagnostic[],
  directory: string,
  cell: ts.SourceFile,
  length: number,
): Problem[] {
  let problems: (Problem & { appended: boolean })[] = [];
  for (const { file, start = 0, length: extent = 0, messageText, code, category } of diagnostics) {
    if (!file || category !== ts.DiagnosticCategory.Error) continue;
    const at = file === cell ? Math.min(start, length) : start;
    const { line, character } = file.getLineAndCharacterOfPosition(at);
    const end = file.getLineAndCharacterOfPosition(Math.min(at + extent, file.text.length));
    const source = (file.text.split('\n')[line] ?? '').replace(/\r$/, '');
    problems.push({
      appended: file === cell && start > length,
      file: file === cell ? undefined : relative(directory, file.fileName),
      line: line + 1,
      column: character + 1,
      message: `${ts.flattenDiagnosticMessageText(messageText, '\n')} (TS${code})${hintOf(messageText)}`,
      source: source.slice(0, MAX_LINE),
      from: character,
      until: Math.min(end.line === line ? end.character : source.length, MAX_LINE),
    });
  }
  // What the appended text makes of an error in the cell is said by that error.
  if (problems.some(({ appended }) => !appended)) problems = problems.filter(({ appended }) => !appended);
  return problems.sort((a, b) => Number(a.file !== undefined) - Number(b.file !== undefined));
}
