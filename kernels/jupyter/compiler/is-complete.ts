// Whether code could run as it stands, goes on, or is wrong whatever follows.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';

const STRING = 1002;
const COMMENT = 1010;
const TEMPLATE = 1160;

export function isComplete(content: Content): Content {
  const code = String(content.code ?? '');
  const source = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const errors = (source as unknown as { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics;
  if (errors.length === 0) return { status: 'complete' };
  const end = code.trimEnd().length;
  const goesOn = errors.every(
    ({ start, code: number }) => number !== STRING && (start >= end || number === COMMENT || number === TEMPLATE),
  );
  if (!goesOn) return { status: 'invalid' };
  const last = code.slice(0, end).split('\n').pop() ?? '';
  const indent = /^\s*/.exec(last)![0] + (/[{([]$/.test(last) ? '  ' : '');
  return { status: 'incomplete', indent };
}
