// The Python syntax of configs. `at` is an offset into the parsed text.

import type { Value } from './values';

export type Expression = { at: number } & (
  | { kind: 'constant'; value: Value }
  | { kind: 'name'; name: string }
  | { kind: 'format'; parts: (string | FormatPart)[] }
  | { kind: 'list' | 'tuple' | 'set'; items: Expression[] }
  | { kind: 'dict'; entries: { key?: Expression; value: Expression }[] }
  | { kind: 'call'; callee: Expression; positional: Expression[]; named: { name?: string; value: Expression }[] }
  | { kind: 'attribute'; object: Expression; name: string }
  | { kind: 'subscript'; object: Expression; index: Expression }
  | { kind: 'slice'; start?: Expression; stop?: Expression; step?: Expression }
  | { kind: 'star'; value: Expression }
  | { kind: 'unary'; operator: string; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'compare'; first: Expression; rest: { operator: string; value: Expression }[] }
  | { kind: 'conditional'; test: Expression; value: Expression; otherwise: Expression }
  | {
      kind: 'comprehension';
      makes: 'list' | 'set' | 'dict' | 'generator';
      element: Expression;
      key?: Expression;
      clauses: Clause[];
    }
  | { kind: 'function' }
  | { kind: 'refused'; message: string }
);

/** `{value!r:spec}` of an f-string. */
export interface FormatPart {
  value: Expression;
  conversion?: string;
  spec: (string | FormatPart)[];
}

export type Clause = { test: Expression } | { target: Expression; over: Expression };

export type Statement = { at: number } & (
  | { kind: 'expression'; value: Expression }
  | { kind: 'assign'; targets: Expression[]; value: Expression }
  | { kind: 'augment'; target: Expression; operator: string; value: Expression }
  | { kind: 'delete'; targets: Expression[] }
  | { kind: 'for'; target: Expression; over: Expression; body: Statement[]; otherwise: Statement[] }
  | { kind: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | { kind: 'pass' | 'break' | 'continue' }
  | { kind: 'import'; modules: { path: string; name?: string }[] }
  | { kind: 'from'; level: number; path: string; names: { name: string; as: string }[] | '*' }
  | { kind: 'with'; context: Expression; body: Statement[] }
  | { kind: 'function'; name: string }
  | { kind: 'refused'; message: string }
);
