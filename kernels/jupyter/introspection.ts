// Completion, inspection and "is this complete?" of code in a cell.

import { ts } from './converter';
import type { Executor } from './executor';
import type { Content } from './protocol';

/** Jupyter counts Unicode code points, JavaScript UTF-16 units. */
const toUnits = (text: string, points: number) => [...text].slice(0, points).join('').length;
const toPoints = (text: string, units: number) => [...text.slice(0, units)].length;

export function complete(executor: Executor, content: Content): Content {
  const code = String(content.code ?? '');
  const cursor = toUnits(code, Number(content.cursor_pos ?? code.length));
  const none = { status: 'ok', matches: [], cursor_start: cursor, cursor_end: cursor, metadata: {} };
  const found = executor.converter.complete(executor.declarations, code, cursor);
  if (!found.candidates) return none;
  return {
    status: 'ok',
    matches: found.candidates.slice(0, 500),
    cursor_start: toPoints(code, found.start),
    cursor_end: toPoints(code, found.end),
    metadata: {},
  };
}

export function inspectCode(executor: Executor, content: Content): Content {
  const code = String(content.code ?? '');
  const cursor = toUnits(code, Number(content.cursor_pos ?? code.length));
  const info = executor.converter.inspect(executor.declarations, code, cursor);
  if (!info) return { status: 'ok', found: false, data: {}, metadata: {} };
  const signature = ts.displayPartsToString(info.displayParts);
  const documentation = ts.displayPartsToString(info.documentation);
  const tags = (info.tags ?? []).map((tag) => `@${tag.name} ${ts.displayPartsToString(tag.text)}`.trim());
  const sections = [documentation, tags.join('\n')].filter((section) => section);
  return {
    status: 'ok',
    found: true,
    data: {
      'text/plain': [signature, ...sections].join('\n\n'),
      'text/markdown': [`\`\`\`typescript\n${signature}\n\`\`\``, ...sections].join('\n\n'),
    },
    metadata: {},
  };
}

/** Whether code could run as it stands, goes on, or is wrong whatever follows. */
export function isComplete(content: Content): Content {
  const code = String(content.code ?? '');
  const source = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const errors = (source as unknown as { parseDiagnostics: { start: number; code: number }[] }).parseDiagnostics;
  if (errors.length === 0) return { status: 'complete' };
  const end = code.trimEnd().length;
  const UNTERMINATED = [1002, 1010, 1160]; // string, comment, template
  const goesOn = errors.every(
    ({ start, code: number }) => start >= end || (number !== 1002 && UNTERMINATED.includes(number)),
  );
  if (!goesOn) return { status: 'invalid' };
  const last = code.slice(0, end).split('\n').pop() ?? '';
  const indent = /^\s*/.exec(last)![0] + (/[{([]$/.test(last) ? '  ' : '');
  return { status: 'incomplete', indent };
}
