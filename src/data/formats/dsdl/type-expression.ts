// The types of DSDL: `Label[dom=$cdom]`, `BBox[mode="xyxy"]`, `List[etype=LocalObjectEntry[cdom=$cdom], ordered=True]`. The dsdl
// package writes them into Python and runs that; here they are parsed, with quotes or without, and with lists of class domains.

import { DetLabError } from '../../../errors';

export interface TypeExpression {
  name: string;
  /** By name; what is written without one is `etype`, the type of a list's elements. */
  arguments: ReadonlyMap<string, TypeArgument>;
}
export type TypeArgument = TypeExpression | readonly string[];

/** How deep types may be within one another. */
const DEPTH = 50;

/**
 * @param where of the message: `"train.yaml", defs.Sample.$fields.image`
 * @throws DetLabError for what is no type
 */
export function parseType(text: string, where: string): TypeExpression {
  const tokens = text.match(/"[^"]*"|'[^']*'|[$\p{L}_][\p{L}\p{N}_]*|[[\],=]|[^\s]/gu) ?? [];
  let at = 0;
  const fail = (expected: string): never => {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    throw new DetLabError(
      `Cannot use ${where}: expected ${expected}, as in List[etype=Entry[cdom=$cdom]], received "${shown}"`,
    );
  };
  const take = (token: string): void => {
    if (tokens[at++] !== token) fail(`"${token}"`);
  };
  const word = (expected: string): string => {
    const token = tokens[at++];
    return /^[$\p{L}_"']/u.test(token ?? '') ? token.replace(/^(["'])(.*)\1$/, '$2') : fail(expected);
  };
  const separated = (each: () => void): void => {
    take('[');
    each();
    while (tokens[at] === ',') {
      at++;
      each();
    }
    take(']');
  };

  const type = (name: string, depth: number): TypeExpression => {
    if (depth > DEPTH) fail(`at most ${DEPTH} types within one another`);
    const found = new Map<string, TypeArgument>();
    if (tokens[at] === '[')
      separated(() => {
        const first = word('the name of an argument');
        const named = tokens[at] === '=';
        if (named) at++;
        const value = named && tokens[at] === '[' ? names() : type(named ? word('a value') : first, depth + 1);
        found.set(named ? first : 'etype', value);
      });
    return { name, arguments: found };
  };
  const names = (): string[] => {
    const list: string[] = [];
    separated(() => list.push(word('the name of a class domain')));
    return list;
  };

  const parsed = type(word('the name of a type'), 0);
  return at === tokens.length ? parsed : fail('one type');
}

/** The names that an argument is: class domains, or parameters that stand for some. */
export const namesOfArgument = (argument: TypeArgument): readonly string[] =>
  'name' in argument ? [argument.name] : argument;
