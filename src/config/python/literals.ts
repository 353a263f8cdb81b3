// Parses Python's number and string literals.

import type { Expression, FormatPart } from './syntax';
import { childrenOf, type SyntaxNode, SyntaxProblem } from './tree';

export function parseNumber(text: string, at: number): bigint | number {
  const digits = text.replaceAll('_', '').toLowerCase();
  if (digits.endsWith('j')) throw new SyntaxProblem(at, 'complex numbers are not data. Write a list of two numbers');
  if (/^0[xob]/.test(digits)) return BigInt(digits);
  if (/^\d+$/.test(digits)) {
    if (/^0\d*[1-9]/.test(digits)) throw new SyntaxProblem(at, 'an integer cannot begin with 0');
    if (digits.length > 4300) throw new SyntaxProblem(at, 'expected an integer of at most 4300 digits');
    return BigInt(digits);
  }
  return Number(digits);
}

interface Opening {
  raw: boolean;
  bytes: boolean;
  /** Offsets of the content between the quotes. */
  start: number;
  end: number;
}

function opening(text: string, from: number, to: number): Opening {
  const [whole, prefix, mark] = /^([a-zA-Z]*)('''|"""|'|")/.exec(text.slice(from, from + 6)) ?? ['', '', ''];
  if (!whole || to - from < whole.length + mark.length || text.slice(to - mark.length, to) !== mark)
    throw new SyntaxProblem(from, 'unclosed string');
  if (mark.length === 1 && /[^\\](?:\\\\)*\n/.test(text.slice(from, to)))
    throw new SyntaxProblem(from, 'the string is not closed on its line');
  return {
    raw: /r/i.test(prefix),
    bytes: /b/i.test(prefix),
    start: from + whole.length,
    end: to - mark.length,
  };
}

/** A plain string. */
export function parseString(node: SyntaxNode, text: string): string {
  const { raw, bytes, start, end } = opening(text, node.from, node.to);
  if (bytes) throw new SyntaxProblem(node.from, 'bytes are not data. Write a string without b');
  const body = text.slice(start, end);
  return raw ? body : decode(body, start);
}

/** An f-string: text and the parts between braces. */
export function parseFormatString(
  node: SyntaxNode,
  text: string,
  expression: (node: SyntaxNode) => Expression,
): (string | FormatPart)[] {
  const { raw, start, end } = opening(text, node.from, node.to);
  const literal = (from: number, to: number) => {
    const body = text.slice(from, to).replaceAll('{{', '{').replaceAll('}}', '}');
    return raw ? body : decode(body, from);
  };
  return formatParts(childrenOf(node), start, end, literal, text, expression);
}

function formatParts(
  children: SyntaxNode[],
  start: number,
  end: number,
  literal: (from: number, to: number) => string,
  text: string,
  expression: (node: SyntaxNode) => Expression,
): (string | FormatPart)[] {
  const parts: (string | FormatPart)[] = [];
  let at = start;
  for (const child of children.filter((node) => node.type.name === 'FormatReplacement')) {
    if (child.from > at) parts.push(literal(at, child.from));
    const [, value, ...rest] = childrenOf(child);
    const part: FormatPart = { value: expression(value), spec: [] };
    for (const node of rest) {
      if (node.type.name === 'FormatConversion') part.conversion = text.slice(node.from + 1, node.to);
      else if (node.type.name === 'FormatSpec')
        part.spec = formatParts(childrenOf(node), node.from + 1, node.to, literal, text, expression);
      else if (node.type.name === 'FormatSelfDoc') {
        parts.push(text.slice(child.from + 1, node.to));
        part.conversion ??= 'r';
      } else if (node.type.name !== '}')
        throw new SyntaxProblem(node.from, 'expected one value between { and } of an f-string');
    }
    parts.push(part);
    at = child.to;
  }
  if (end > at) parts.push(literal(at, end));
  return parts;
}

const SIMPLE: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function decode(body: string, at: number): string {
  if (!body.includes('\\')) return body;
  return body.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{0,2})|u([0-9a-fA-F]{0,4})|U([0-9a-fA-F]{0,8})|(.))/gs,
    (all, octal, hex, short, long, char, offset) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const digits = hex ?? short ?? long;
      if (digits === undefined) {
        if (char === 'N')
          throw new SyntaxProblem(
            at + offset,
            'characters by name (\\N) are not supported. Write the character itself',
          );
        return SIMPLE[char] ?? all;
      }
      const expected = hex !== undefined ? 2 : short !== undefined ? 4 : 8;
      const code = Number.parseInt(digits, 16);
      if (digits.length !== expected || code > 0x10ffff)
        throw new SyntaxProblem(at + offset, `invalid escape "${all}"`);
      return String.fromCodePoint(code);
    },
  );
}
