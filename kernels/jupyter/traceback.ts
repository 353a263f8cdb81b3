// Errors as a person reads them: the cell's own lines, type errors with a caret, no internals of the kernel or of Node.

import { inspect } from 'node:util';
import type { Diagnostic } from 'tslab/dist/converter';
import { Interrupted } from './cell';

export type Position = { line: number; column: number };

/** Finds a position of compiled code in its cell: undefined when unknown, null when it is the kernel's wrapping. */
export type Locate = (cell: number, line: number, column: number) => Position | null | undefined;

/** The cell does not compile. */
export class TypeScriptError extends Error {
  override name = 'TypeScriptError';
  readonly lines: string[];

  constructor(diagnostics: Diagnostic[], source: string) {
    const sourceLines = source.split('\n');
    const lines: string[] = [];
    for (const [i, { start, end, messageText, fileName }] of diagnostics.entries()) {
      const { line, character } = start;
      lines.push(`${fileName ? `${fileName} ` : ''}${line + 1}:${character + 1} - ${messageText}`);
      // A chain of messages about one place: the place is shown once, below the last of them.
      const following = diagnostics[i + 1]?.start.offset === start.offset;
      if (fileName || sourceLines[line] === undefined || following) continue;
      const until = end.line === line ? end.character : sourceLines[line].length;
      lines.push(
        `    ${sourceLines[line]}`,
        `    ${' '.repeat(character)}${'^'.repeat(Math.max(1, until - character))}`,
      );
    }
    super(lines[0]);
    this.lines = lines;
  }
}

export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
  [key: string]: unknown;
}

const INTERNAL = /\(?(?:node:|evalmachine\.)|[/\\]node_modules[/\\]tslab[/\\]|[/\\]kernels[/\\]jupyter[/\\]/;
const IN_CELL = /cell\[(\d+)\](?::(\d+):(\d+))/;

/** An error's content for `error` and `execute_reply`; `locate` maps compiled positions back to the cell's source. */
export function describeError(error: unknown, locate: Locate): ErrorContent {
  if (error instanceof TypeScriptError) {
    return { ename: error.name, evalue: error.message, traceback: [`${error.name}:`, ...error.lines] };
  }
  if (error instanceof Interrupted) {
    return { ename: error.name, evalue: error.message, traceback: [`${error.name}: ${error.message}`] };
  }
  const object = error as Error | undefined;
  if (typeof object !== 'object' || object === null || typeof object.message !== 'string') {
    const text = inspect(error);
    return { ename: 'Thrown', evalue: text, traceback: [`Thrown: ${text}`] };
  }
  const ename = String(object.name || 'Error');
  return { ename, evalue: object.message, traceback: stackLines(object, locate) };
}

function stackLines(error: Error, locate: Locate) {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const at = stack.search(/^\s+at /m);
  const frames = at < 0 ? [] : stack.slice(at).split('\n');
  const head = `${error.name || 'Error'}: ${error.message}`;
  const lines = [...head.split('\n')];
  for (const frame of frames) {
    if (!/^\s+at /.test(frame) || INTERNAL.test(frame)) continue;
    const [, cell, line, column] = (IN_CELL.exec(frame) ?? []).map(Number);
    const found = cell === undefined ? undefined : locate(cell, line, column);
    if (found === null) continue;
    const placed = found ? frame.replace(IN_CELL, `cell[${cell}]:${found.line}:${found.column}`) : frame;
    // The function the kernel wraps around a cell has no name a person knows.
    lines.push(placed.replace(/at (?:async )?(?:Object\.)?<anonymous> \((cell\[.*)\)$/, 'at $1'));
  }
  const { cause } = error;
  if (cause instanceof Error && cause !== error) {
    const [first, ...rest] = stackLines(cause, locate);
    lines.push(`Caused by ${first}`, ...rest);
  }
  return lines;
}
