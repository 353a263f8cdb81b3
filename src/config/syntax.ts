// Parses source text with Babel, limited in depth and time, since a config file may be untrusted.

import path from 'node:path';
import { createContext, Script } from 'node:vm';
import type { Expression, File } from '@babel/types';
import { packageRoot } from '../paths';
import { LIMITS } from './data';
import { errorAt, type SourceFile } from './source';

const PARSE_TIMEOUT_MS = 5000;
const OWN = path.join(packageRoot, 'configs', path.sep);

/** Loaded for the first file: the project's own configs are not parsed again. */
const babel = () => require('@babel/parser') as typeof import('@babel/parser');

/** The syntax tree of a TypeScript file. @throws DetLabError at the position of a syntax error. */
export function parseModule(source: SourceFile): File {
  const { parse } = babel();
  return guarded(source, () =>
    parse(source.text, { sourceType: 'module', plugins: ['typescript'], attachComment: false }),
  );
}

/** The syntax tree of a file that is one expression (JSON). */
export function parseSingleExpression(source: SourceFile): Expression {
  const { parseExpression } = babel();
  return guarded(source, () => parseExpression(source.text, { attachComment: false }));
}

// the parser backtracks, on some inputs for minutes; only a VM timeout can stop it
const box: { run: () => unknown } = { run: () => undefined };
const context = createContext(box);
const script = new Script('run()');

function guarded<T>(source: SourceFile, run: () => T): T {
  box.run = run;
  try {
    // a timer of the VM is a thread, which takes longer than the parser for a config of DetLab's own
    if (source.path.startsWith(OWN)) return run();
    return script.runInContext(context, { timeout: PARSE_TIMEOUT_MS }) as T;
  } catch (error) {
    throw readable(error, source);
  } finally {
    box.run = () => undefined;
  }
}

function readable(error: unknown, source: SourceFile): unknown {
  const start = { source, offset: 0 };
  if (error instanceof RangeError)
    return errorAt(start, `brackets nest deeper than ${LIMITS.nesting}. Assign the inner values to names`);
  const { code, pos, message } = error as { code?: string; pos?: number; message?: string };
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
    return errorAt(
      start,
      `parsing takes longer than ${PARSE_TIMEOUT_MS / 1000} s. A config is plain data: simplify it`,
    );
  if (typeof pos !== 'number') return error;
  const reason = (message ?? '').replace(/\s*\(\d+:\d+\)$/, '').replace(/\.$/, '');
  return errorAt({ source, offset: pos }, `${reason}. ${syntaxHint(source)}`);
}

function syntaxHint({ text, path }: SourceFile): string {
  if (path.endsWith('.json')) return 'The file must be one JSON object';
  if (/^\w+\s*=\s*(dict\(|[['"\d])/m.test(text)) return 'This looks like Python: in a .ts config write key: value';
  return 'Look for a missing comma, quote or bracket before this position';
}
