// `is_complete_request`: whether code is complete, incomplete, or invalid whatever follows.
// The numbers are TypeScript's error codes for unterminated literals and comments.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';

const UNTERMINATED_STRING = 1002;
const UNTERMINATED_COMMENT = 1010;
const UNTERMINATED_TEMPLATE = 1160;

export function isComplete(content: Content): Content {
  const code = String(content.code ?? '');
  const source = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const errors = (source as unknown as { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics;
  if (errors.length === 0) return { status: 'complete' };
  const end = code.trimEnd().length;
  const isIncomplete = errors.every(
    ({ start, code: number }) =>
      number !== UNTERMINATED_STRING &&
      (start >= end || number === UNTERMINATED_COMMENT || number === UNTERMINATED_TEMPLATE),
  );
  if (!isIncomplete) return { status: 'invalid' };
  const last = code.slice(0, end).split('\n').pop() ?? '';
  const indent = /^\s*/.exec(last)![0] + (/[{([]$/.test(last) ? '  ' : '');
  return { status: 'incomplete', indent };
}
