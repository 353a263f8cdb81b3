// Parses Python source to statements. Unsupported ones become "refused" statements, an error only when reached.

import { LIMITS } from '../data';
import { ExpressionParser } from './parse-expression';
import type { Expression, Statement } from './syntax';
import { childrenOf, parseTree, type SyntaxNode, SyntaxProblem, splitAtCommas } from './tree';

/** @throws SyntaxProblem for invalid Python. */
export function parsePython(text: string): Statement[] {
  const known = parsed.get(text);
  if (known) return known;
  const statements = new StatementParser(text).block(childrenOf(parseTree(text).topNode));
  if (parsed.size >= 256) parsed.clear();
  parsed.set(text, statements);
  return statements;
}

/** Cached, since bases are read repeatedly when many configs are printed. */
const parsed = new Map<string, Statement[]>();

const REFUSED: Record<string, string> = {
  WhileStatement: 'while loops are not supported. Write for ... in range(...), or the values themselves',
  TryStatement: 'try is not supported. Write the value itself',
  ClassDefinition: 'classes are not supported. Write the module in TypeScript, and name its file in custom_imports',
  DecoratedStatement:
    'decorators are not supported. Write the module in TypeScript, and name its file in custom_imports',
  ReturnStatement: 'return outside of a function',
  YieldStatement: 'a config is read, not executed. Write the value itself',
  RaiseStatement: 'raise is not supported. Remove the line',
  AssertStatement: 'assert is not supported. Remove the line',
  ScopeStatement: 'global and nonlocal outside of a function',
  PrintStatement: 'print is a function: print(value)',
  MatchStatement: 'match is not supported. Write if ... elif ...',
};

class StatementParser extends ExpressionParser {
  private nesting = 0;

  block(nodes: readonly SyntaxNode[]): Statement[] {
    return nodes.flatMap((node) =>
      node.type.name === 'StatementGroup'
        ? this.block(childrenOf(node))
        : node.type.name === ';'
          ? []
          : this.statement(node),
    );
  }

  private body(node: SyntaxNode | undefined): Statement[] {
    if (!node) return [];
    if (++this.nesting > LIMITS.nesting)
      throw new SyntaxProblem(node.from, `blocks nest deeper than ${LIMITS.nesting}`);
    const statements = this.block(childrenOf(node).slice(1));
    this.nesting--;
    return statements;
  }

  private statement(node: SyntaxNode): Statement {
    const at = node.from;
    const children = childrenOf(node);
    switch (node.type.name) {
      case 'ExpressionStatement':
        return { kind: 'expression', value: this.list(children, at), at };
      case 'AssignStatement':
        return this.assignment(children, at);
      case 'UpdateStatement':
        return {
          kind: 'augment',
          target: this.target(this.parse(children[0])),
          operator: this.textOf(children[1]).slice(0, -1),
          value: this.list(children.slice(2), at),
          at,
        };
      case 'DeleteStatement': {
        const targets = this.target(this.list(children.slice(1), at));
        return {
          kind: 'delete',
          targets: targets.kind === 'tuple' || targets.kind === 'list' ? targets.items : [targets],
          at,
        };
      }
      case 'PassStatement':
        return { kind: 'pass', at };
      case 'BreakStatement':
        return { kind: 'break', at };
      case 'ContinueStatement':
        return { kind: 'continue', at };
      case 'ForStatement':
        return this.forLoop(children, at);
      case 'IfStatement':
        return this.condition(children, at);
      case 'ImportStatement':
        return this.importStatement(children, at);
      case 'WithStatement': {
        if (children.length !== 3) return { kind: 'refused', message: 'expected "with read_base():"', at };
        return { kind: 'with', context: this.parse(children[1]), body: this.body(children[2]), at };
      }
      case 'FunctionDefinition':
        return {
          kind: 'function',
          name: this.textOf(children.find((c) => c.type.name === 'VariableName') ?? node),
          at,
        };
    }
    return {
      kind: 'refused',
      message: REFUSED[node.type.name] ?? `${node.type.name} is not supported in a config`,
      at,
    };
  }

  private assignment(children: readonly SyntaxNode[], at: number): Statement {
    const sides: SyntaxNode[][] = [[]];
    for (const child of children)
      if (child.type.name === 'AssignOp') sides.push([]);
      else if (child.type.name !== 'TypeDef') sides[sides.length - 1].push(child);
    if (sides.length === 1) return { kind: 'pass', at };
    const value = this.list(sides[sides.length - 1], at);
    const targets = sides.slice(0, -1).map((side) => this.target(this.list(side, side[0]?.from ?? at)));
    return { kind: 'assign', targets, value, at };
  }

  /** @throws SyntaxProblem for an invalid assignment target. */
  private target(expression: Expression): Expression {
    if (expression.kind === 'tuple' || expression.kind === 'list') {
      for (const item of expression.items) this.target(item.kind === 'star' ? item.value : item);
      if (expression.items.filter((item) => item.kind === 'star').length > 1)
        throw new SyntaxProblem(expression.at, 'expected at most one *name');
      return expression;
    }
    if (expression.kind === 'name' || expression.kind === 'attribute' || expression.kind === 'subscript')
      return expression;
    throw new SyntaxProblem(expression.at, 'invalid assignment target. Write name = value');
  }

  private forLoop(children: readonly SyntaxNode[], at: number): Statement {
    const split = children.findIndex((child) => child.type.name === 'in');
    const bodies = children.filter((child) => child.type.name === 'Body');
    const first = children.findIndex((child) => child.type.name === 'Body');
    if (children[0].type.name !== 'for' || split < 2 || first < split)
      return { kind: 'refused', message: 'expected: for name in list:', at };
    return {
      kind: 'for',
      target: this.target(this.list(children.slice(1, split), at)),
      over: this.list(children.slice(split + 1, first), at),
      body: this.body(bodies[0]),
      otherwise: this.body(bodies[1]),
      at,
    };
  }

  private condition(children: readonly SyntaxNode[], at: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (let i = 0; i < children.length; ) {
      const end = children.findIndex((child, k) => k > i && child.type.name === 'Body');
      if (end < 0) throw new SyntaxProblem(children[i].from, 'missing block after the condition');
      const body = this.body(children[end]);
      if (children[i].type.name === 'else') otherwise = body;
      else branches.push({ test: this.list(children.slice(i + 1, end), at), body });
      i = end + 1;
    }
    return { kind: 'if', branches, otherwise, at };
  }

  private importStatement(children: readonly SyntaxNode[], at: number): Statement {
    const split = children.findIndex((child) => child.type.name === 'import');
    const names = children.slice(split + 1).filter((child) => !['(', ')'].includes(child.type.name));
    if (split === 0)
      return {
        kind: 'import',
        modules: splitAtCommas(names).map((part) => {
          const alias = part.findIndex((node) => node.type.name === 'as');
          const path = this.joined(alias < 0 ? part : part.slice(0, alias));
          return alias < 0 ? { path } : { path, name: this.joined(part.slice(alias + 1)) };
        }),
        at,
      };
    const source = this.joined(children.slice(1, split));
    const level = /^\.*/.exec(source)?.[0].length ?? 0;
    if (names.length === 1 && names[0].type.name === '*')
      return { kind: 'from', level, path: source.slice(level), names: '*', at };
    return {
      kind: 'from',
      level,
      path: source.slice(level),
      names: splitAtCommas(names).map((part) => {
        const [name, , as] = part.map((node) => this.textOf(node));
        return { name, as: as ?? name };
      }),
      at,
    };
  }

  private joined(nodes: readonly SyntaxNode[]): string {
    return nodes.map((node) => this.textOf(node)).join('');
  }
}
