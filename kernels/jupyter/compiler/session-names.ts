// Names that only the session knows: paths of the recipe that a variable holds, to complete `base.freeze('...')` with.

import ts from 'typescript';
import { enclosing } from './object-options';

/** A text that is an argument, or a key of an argument, of a method of a variable's value. */
export interface NamedArgument {
  variable: string;
  method: string;
  /** The text's start and end in the cell, without its quotes. */
  from: number;
  to: number;
}

/** The variable that a chain of calls begins with: `base` of `base.neck('PAFPN').freeze`. */
function rootOf(expression: ts.Expression): string | undefined {
  if (ts.isIdentifier(expression)) return expression.text;
  const isLink =
    ts.isCallExpression(expression) ||
    ts.isPropertyAccessExpression(expression) ||
    ts.isParenthesizedExpression(expression) ||
    ts.isNonNullExpression(expression) ||
    ts.isAwaitExpression(expression);
  return isLink ? rootOf(expression.expression) : undefined;
}

/** The argument that a position is in. */
export function namedArgumentAt(file: ts.SourceFile, position: number): NamedArgument | undefined {
  const text = enclosing(file, position, ts.isStringLiteralLike);
  if (!text) return undefined;
  const { parent } = text;
  const isKey = ts.isPropertyAssignment(parent) && parent.name === text && ts.isObjectLiteralExpression(parent.parent);
  const argument = isKey ? parent.parent : text;
  const call = argument.parent;
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return undefined;
  const variable = rootOf(call.expression.expression);
  if (variable === undefined) return undefined;
  const from = text.getStart(file) + 1;
  const isClosed = /['"`]/.test(file.text[text.end - 1]) && text.end > from;
  const to = isClosed ? text.end - 1 : Math.max(position, from);
  return position >= from && position <= to ? { variable, method: call.expression.name.text, from, to } : undefined;
}

/** Of dotted names, those at most one dot longer than what is typed. */
export function nextNames(names: readonly string[], typed: string): string[] {
  const depth = typed.split('.').length;
  return names.filter((name) => name.split('.').length <= depth + (typed === '' ? 1 : 0));
}

/** Milliseconds that a completion waits for the session, which may be in the middle of something. */
const PATIENCE_MS = 500;

/** Asks the main thread. */
export class SessionNames {
  private readonly waiting = new Map<number, (names: string[]) => void>();
  private last = 0;

  constructor(private readonly post: (ask: number, variable: string, method: string) => void) {}

  /** No names where the session does not answer in time. */
  ask({ variable, method }: NamedArgument): Promise<string[]> {
    const id = ++this.last;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(id, []), PATIENCE_MS);
      this.waiting.set(id, (names) => {
        clearTimeout(timer);
        resolve(names);
      });
      this.post(id, variable, method);
    });
  }

  answer(id: number, names: string[]): void {
    this.waiting.get(id)?.(names);
    this.waiting.delete(id);
  }
}
