// Errors as the notebook shows them: with the cell's own lines, carets below type errors, and no internals of the
// kernel or Node.

import { inspect } from 'node:util';
import type { Problem } from '../compiler/problems';
import { Interrupted } from '../session/cell';
import type { Position } from './source-positions';

/** Maps a position of compiled code to its source: undefined when unknown, null in code that the kernel adds. */
export type Locate = (file: string, line: number, column: number) => Position | null | undefined;

const MAX_PROBLEMS = 20;

/** The cell, or a local module that it imports, does not compile. */
export class TypeScriptError extends Error {
  override name = 'TypeScriptError';
  readonly lines: string[];

  constructor(problems: Problem[]) {
    const lines: string[] = [];
    for (const { file, line, column, message, source, from, until } of problems.slice(0, MAX_PROBLEMS)) {
      lines.push(`${file ? `${file}:` : ''}${line}:${column} - ${message}`);
      if (!source.trim()) continue;
      const before = source.slice(0, from).replace(/[^\t]/g, ' ');
      lines.push(`    ${source}`, `    ${before}${'^'.repeat(Math.max(1, until - from))}`);
    }
    if (problems.length > MAX_PROBLEMS) lines.push(`and ${problems.length - MAX_PROBLEMS} more`);
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
const POSITION = /(cell\[\d+\]|[^\s()]+\.[cm]?[jt]sx?):(\d+):(\d+)/;

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
  const start = stack.search(/^\s+at /m);
  const frames = start < 0 ? [] : stack.slice(start).split('\n');
  const head = `${error.name || 'Error'}: ${error.message}`;
  const lines = [...head.split('\n')];
  for (const frame of frames) {
    if (!/^\s+at /.test(frame) || INTERNAL.test(frame)) continue;
    const [, file, line, column] = POSITION.exec(frame) ?? [];
    const source = file === undefined ? undefined : locate(file, Number(line), Number(column));
    if (source === null) continue;
    const mapped = source ? frame.replace(POSITION, `${file}:${source.line}:${source.column}`) : frame;
    // The anonymous function is the kernel's wrapper around the cell.
    lines.push(mapped.replace(/at (?:async )?(?:Object\.)?<anonymous> \((cell\[.*)\)$/, 'at $1'));
  }
  const { cause } = error;
  if (cause instanceof Error && cause !== error) {
    const [first, ...rest] = stackLines(cause, locate);
    lines.push(`Caused by ${first}`, ...rest);
  }
  return lines;
}
