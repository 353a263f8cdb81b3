// Errors as the notebook shows them: with the cell's own lines, carets below type errors, and no internals of the
// kernel or Node.

import { join, sep } from 'node:path';
import { inspect } from 'node:util';
import { packageRoot } from '../../../src/paths';
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
const DETLAB_FOLDERS = ['dist', 'src', 'kernels'].map((name) => `${join(packageRoot, name)}${sep}`);
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

/** A frame of a package: of its name, or of DetLab itself. */
function packageOf(file: string): string | undefined {
  const inModules = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file);
  if (inModules) return inModules[1];
  return DETLAB_FOLDERS.some((folder) => file.startsWith(folder)) ? 'detlab' : undefined;
}

/** Lines of the user's, and what is folded of packages. */
interface Frames {
  user: string[];
  folded: { line: string; from: string }[];
  /** Whether a package threw, and not the user's code. */
  thrownByPackage: boolean;
}

function framesOf(stack: string, locate: Locate): Frames {
  const frames: Frames = { user: [], folded: [], thrownByPackage: false };
  const start = stack.search(/^\s+at /m);
  for (const frame of start < 0 ? [] : stack.slice(start).split('\n')) {
    if (!/^\s+at /.test(frame) || INTERNAL.test(frame)) continue;
    const [, file, line, column] = POSITION.exec(frame) ?? [];
    const source = file === undefined ? undefined : locate(file, Number(line), Number(column));
    if (source === null) continue;
    const mapped = source ? frame.replace(POSITION, `${file}:${source.line}:${source.column}`) : frame;
    // The anonymous function is the kernel's wrapper around the cell.
    const text = mapped.replace(/at (?:async )?(?:Object\.)?<anonymous> \((cell\[.*)\)$/, 'at $1');
    if (file === undefined) continue; // a function of JavaScript itself, such as Array.map
    const from = packageOf(file);
    if (frames.user.length + frames.folded.length === 0) frames.thrownByPackage = from !== undefined;
    if (from === undefined) frames.user.push(text);
    else frames.folded.push({ line: text, from });
  }
  return frames;
}

function isReported(error: Error): boolean {
  for (let type = Object.getPrototypeOf(error); type; type = Object.getPrototypeOf(type))
    if (type.constructor?.name === 'DetLabError') return true;
  return false;
}

/** An error whose message repeats that of its cause is shown with the lines of the cause: there it went wrong. */
function repeatedCause(error: Error): Error | undefined {
  const { cause } = error;
  const repeats = cause instanceof Error && cause !== error && cause.message && error.message.includes(cause.message);
  return repeats ? (repeatedCause(cause) ?? cause) : undefined;
}

/** The user's lines come first; the frames of packages are folded, all but the one that threw. */
function stackLines(error: Error, locate: Locate): string[] {
  const thrown = repeatedCause(error) ?? error;
  const frames = (one: Error) => framesOf(typeof one.stack === 'string' ? one.stack : '', locate);
  const { user, folded, thrownByPackage } = frames(thrown);
  if (thrown !== error) user.push(...frames(error).user.filter((line) => !user.includes(line)));
  const head = `${error.name || 'Error'}: ${error.message}`;
  const lines = [...head.split('\n'), ...user];
  if (user.length === 0 && !isReported(thrown)) lines.push(...folded.map(({ line }) => line));
  else if (folded.length > 0) {
    const packages = [...new Set(folded.map(({ from }) => from))].join(', ');
    const count = folded.length === 1 ? '1 frame' : `${folded.length} frames`;
    // An error that a library reports on purpose says all in its message.
    const innermost = isReported(thrown) || !thrownByPackage ? '' : `, the innermost ${folded[0].line.trim()}`;
    lines.push(`    (${count} of ${packages} folded${innermost})`);
  }
  const { cause } = thrown;
  if (cause instanceof Error && cause !== thrown) {
    const [first, ...rest] = stackLines(cause, locate);
    lines.push(`Caused by ${first}`, ...rest);
  }
  return lines;
}
