// Makes the awaits of a cell places where it can be stopped: `await x` becomes `__resume__(await x)`. Lines stay where
// they are; columns move, and `originalColumn` tells by how much.

import { ts } from './converter';

export interface Insertion {
  line: number;
  column: number;
  length: number;
}

const BEFORE = '__resume__(';

/** JavaScript with every await guarded, and what was inserted where (zero-based, in positions of the input). */
export function guardAwaits(code: string): { code: string; insertions: Insertion[] } {
  if (!/\bawait\b/.test(code)) return { code, insertions: [] };
  const source = ts.createSourceFile('cell.js', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const edits: { at: number; text: string }[] = [];
  const visit = (node: import('@tslab/typescript-for-tslab').Node) => {
    if (ts.isAwaitExpression(node)) {
      edits.push({ at: node.getStart(source), text: BEFORE }, { at: node.end, text: ')' });
    } else if (ts.isForOfStatement(node) && node.awaitModifier && ts.isBlock(node.statement)) {
      edits.push({ at: node.statement.getStart(source) + 1, text: `${BEFORE});` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // Stable order: of two edits at one place, an outer opening comes first and an inner closing comes first.
  edits.sort((a, b) => a.at - b.at);
  let result = '';
  let last = 0;
  const insertions: Insertion[] = [];
  for (const { at, text } of edits) {
    result += code.slice(last, at) + text;
    last = at;
    const { line, character } = source.getLineAndCharacterOfPosition(at);
    insertions.push({ line, column: character, length: text.length });
  }
  return { code: result + code.slice(last), insertions };
}

/** The column of the input that became `column` of the guarded code. */
export function originalColumn(insertions: Insertion[], line: number, column: number): number {
  let result = column;
  for (const insertion of insertions) {
    if (insertion.line === line && insertion.column < result)
      result = Math.max(insertion.column, result - insertion.length);
  }
  return result;
}
