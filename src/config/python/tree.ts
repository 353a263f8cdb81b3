// Parses Python text with @lezer/python, limited in time, with error positions.

import type { parser as pythonParser } from '@lezer/python';
import { LIMITS } from '../data';

export type Tree = ReturnType<typeof pythonParser.parse>;
export type SyntaxNode = Tree['topNode'];

const PARSE_TIMEOUT_MS = 3000;

/** A syntax error at an offset into the text. */
export class SyntaxProblem extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws SyntaxProblem for invalid Python. */
export function parseTree(text: string): Tree {
  // the grammar lacks floats that end in a dot; a digit instead keeps all offsets, and values are read from `text`
  const { parser } = require('@lezer/python') as typeof import('@lezer/python'); // loaded for the first file
  const parse = parser.startParse(text.replace(/(?<![\w.])(\d[\d_]*)\.(?![\d.])/g, '$10'));
  const deadline = Date.now() + PARSE_TIMEOUT_MS;
  for (let step = 0; ; step++) {
    const tree = parse.advance();
    if (tree) {
      checkTree(tree, text);
      return tree;
    }
    if (step % 1024 === 0 && Date.now() > deadline)
      throw new SyntaxProblem(
        0,
        `parsing takes longer than ${PARSE_TIMEOUT_MS / 1000} s. A config is plain data: simplify it`,
      );
  }
}

function checkTree(tree: Tree, text: string): void {
  // a chain of operators is a deep tree, but not nested
  let depth = 0;
  tree.iterate({
    enter(node) {
      if (node.name !== 'BinaryExpression' && ++depth > LIMITS.nesting * 5)
        throw new SyntaxProblem(
          node.from,
          `brackets nest deeper than ${LIMITS.nesting}. Assign the inner values to names`,
        );
      if (node.type.isError) throw new SyntaxProblem(node.from, problemAt(text, node.from));
    },
    leave(node) {
      if (node.name !== 'BinaryExpression') depth--;
    },
  });
}

const TYPESET = /[\u2018-\u201f\u2026\u00ab\u00bb\uff08\uff09\uff0c\uff1a\u3000]/;

function typesetAdvice(text: string): string {
  const character = TYPESET.exec(text)?.[0];
  const advice =
    character === '\u2026' ? 'Write the omitted text' : `Write ' or " for quotes, and plain commas and brackets`;
  return `"${character}" is a typographic character, not valid in Python. ${advice}`;
}

/** @throws SyntaxProblem for an invalid name: the grammar accepts every character beyond ASCII in names. */
export function checkName(name: string, at: number): string {
  if (/^[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}_]*$/u.test(name)) return name;
  throw new SyntaxProblem(at, TYPESET.test(name) ? typesetAdvice(name) : `"${name}" is not a valid name`);
}

function problemAt(text: string, from: number): string {
  const next = /^\s*(\S{1,20})/.exec(text.slice(from, from + 200))?.[1];
  const before = /(\S{1,20})\s*$/.exec(text.slice(Math.max(0, from - 200), from))?.[1];
  if (next && TYPESET.test(next)) return typesetAdvice(next);
  if (before && TYPESET.test(before)) return typesetAdvice(before);
  const line = text.slice(text.lastIndexOf('\n', from - 1) + 1).split('\n', 1)[0];
  const path = /=\s*([\w.:/-]+\.(?:py|ts|json|pth))\s*(?:#.*)?$/.exec(line)?.[1];
  if (path) return `a path must be quoted. Write '${path}'`;
  const where = next ? `at "${next}"` : before ? `after "${before}"` : 'at the end of the file';
  return `invalid syntax ${where}. Look for a missing comma, quote, bracket or indentation before this position`;
}

/** The children of a node without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.type.name !== 'Comment') children.push(child);
  return children;
}

/** Splits at commas; a trailing comma adds nothing. */
export function splitAtCommas(nodes: readonly SyntaxNode[]): SyntaxNode[][] {
  const parts: SyntaxNode[][] = [[]];
  for (const node of nodes) {
    if (node.type.name === ',') parts.push([]);
    else parts[parts.length - 1].push(node);
  }
  if (parts[parts.length - 1].length === 0) parts.pop();
  return parts;
}
