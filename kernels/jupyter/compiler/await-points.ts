// Makes every await of a cell a place where it can be stopped: `await x` becomes `__resume__(await x)`. Lines are kept;
// columns move, and `originalColumn` maps them back.

import ts from 'typescript';
import type { Insertion } from './insertions';

const BEFORE = '__resume__(';

export interface Guarded {
  code: string;
  /** Inserted texts (zero-based, in positions of the input). */
  insertions: Insertion[];
  /** Whether there is an await outside of functions. */
  topLevel: boolean;
}

/** Guards every await of compiled JavaScript. */
export function guardAwaits(code: string): Guarded {
  if (!/\bawait\b/.test(code)) return { code, insertions: [], topLevel: false };
  // The code will be the body of an async function; `export {}` makes the parser accept awaits at its top level.
  const source = ts.createSourceFile('cell.js', `${code}\nexport {};`, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const edits: { at: number; text: string }[] = [];
  let topLevel = false;
  let functions = 0;
  const visit = (node: ts.Node) => {
    const awaits = ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined);
    if (awaits && functions === 0) topLevel = true;
    if (ts.isAwaitExpression(node)) {
      edits.push({ at: node.getStart(source), text: BEFORE }, { at: node.end, text: ')' });
    } else if (ts.isForOfStatement(node) && node.awaitModifier && ts.isBlock(node.statement)) {
      edits.push({ at: node.statement.getStart(source) + 1, text: `${BEFORE});` });
    }
    const inner = ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node) ? 1 : 0;
    functions += inner;
    ts.forEachChild(node, visit);
    functions -= inner;
  };
  visit(source);
  // A stable sort: of two edits at one place, outer openings and inner closings come first.
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
  return { code: result + code.slice(last), insertions, topLevel };
}
