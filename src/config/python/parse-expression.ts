// Converts expressions of the parse tree to the evaluator's syntax.

import { LIMITS } from '../data';
import { parseFormatString, parseNumber, parseString } from './literals';
import { BASE_VARIABLE } from './substitute';
import type { Clause, Expression, FormatPart } from './syntax';
import { checkName, childrenOf, type SyntaxNode, SyntaxProblem, splitAtCommas } from './tree';

const COMPARISONS = new Set(['<', '>', '<=', '>=', '==', '!=', 'in', 'not in', 'is', 'is not']);

export class ExpressionParser {
  private depth = 0;
  constructor(readonly text: string) {}

  textOf(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  parse(node: SyntaxNode): Expression {
    if (++this.depth > LIMITS.nesting * 2)
      throw new SyntaxProblem(
        node.from,
        `brackets nest deeper than ${LIMITS.nesting}. Assign the inner values to names`,
      );
    try {
      return this.parseNode(node);
    } finally {
      this.depth--;
    }
  }

  private parseNode(node: SyntaxNode): Expression {
    const at = node.from;
    const children = childrenOf(node);
    switch (node.type.name) {
      case 'Number':
        return { kind: 'constant', value: parseNumber(this.textOf(node), at), at };
      case 'Boolean':
        return { kind: 'constant', value: this.textOf(node) === 'True', at };
      case 'None':
        return { kind: 'constant', value: null, at };
      case 'String':
      case 'FormatString':
      case 'ContinuedString':
        return this.parseText(node.type.name === 'ContinuedString' ? children : [node], at);
      case 'VariableName':
        return { kind: 'name', name: checkName(this.textOf(node), at), at };
      case 'ParenthesizedExpression':
        if (children.length !== 3) return refused(at, 'expected a single value in the brackets');
        return this.parse(children[1]);
      case 'ArrayExpression':
        return { kind: 'list', items: this.items(children.slice(1, -1)), at };
      case 'TupleExpression':
        return { kind: 'tuple', items: this.items(children.slice(1, -1)), at };
      case 'SetExpression':
        return { kind: 'set', items: this.items(children.slice(1, -1)), at };
      case 'DictionaryExpression':
        return { kind: 'dict', entries: this.dictEntries(children.slice(1, -1)), at };
      case 'ArrayComprehensionExpression':
        return this.comprehension('list', children.slice(1, -1), at);
      case 'SetComprehensionExpression':
        return this.comprehension('set', children.slice(1, -1), at);
      case 'DictionaryComprehensionExpression':
        return this.comprehension('dict', children.slice(1, -1), at);
      case 'ComprehensionExpression':
        return this.comprehension('generator', children.slice(1, -1), at);
      case 'CallExpression':
        return this.call(children, at);
      case 'MemberExpression':
        return this.member(children, at);
      case 'UnaryExpression':
        return { kind: 'unary', operator: this.textOf(children[0]), operand: this.parse(children[1]), at };
      case 'BinaryExpression':
        return this.binary(node);
      case 'ConditionalExpression':
        return {
          kind: 'conditional',
          value: this.parse(children[0]),
          test: this.parse(children[2]),
          otherwise: this.parse(children[4]),
          at,
        };
      case 'LambdaExpression':
        return { kind: 'function', at };
      case 'AwaitExpression':
      case 'YieldExpression':
        return refused(at, 'a config is read, not executed. Write the value itself');
      case 'NamedExpression':
        return refused(at, 'assign on a separate line: name = value');
      case 'Ellipsis':
        return refused(at, '... is not data. Write the value itself');
    }
    return refused(at, `${node.type.name} is not data. Write the value itself`);
  }

  /** One value, or a tuple if there are commas: a side of `=`. */
  list(nodes: readonly SyntaxNode[], at: number): Expression {
    const items = this.items(nodes);
    const tuple = nodes.some((node) => node.type.name === ',') || items[0]?.kind === 'star';
    if (!tuple && items.length === 1) return items[0];
    if (items.length === 0) throw new SyntaxProblem(at, 'missing value');
    return { kind: 'tuple', items, at };
  }

  private items(nodes: readonly SyntaxNode[]): Expression[] {
    return splitAtCommas(nodes).map((part) => {
      if (part.length === 1) return this.parse(part[0]);
      if (part.length === 2 && part[0].type.name === '*')
        return { kind: 'star', value: this.parse(part[1]), at: part[0].from };
      throw new SyntaxProblem(part[1]?.from ?? nodes[0]?.from ?? 0, 'missing comma');
    });
  }

  private parseText(nodes: readonly SyntaxNode[], at: number): Expression {
    const parts: (string | FormatPart)[] = [];
    for (const node of nodes)
      if (node.type.name === 'FormatString')
        parts.push(...parseFormatString(node, this.text, (child) => this.parse(child)));
      else parts.push(parseString(node, this.text));
    if (parts.some((part) => typeof part === 'string' && part.includes(BASE_VARIABLE)))
      throw new SyntaxProblem(at, "{{_base_...}} cannot be used inside a string. Write an f-string: f'{_base_.name}'");
    if (parts.every((part) => typeof part === 'string')) return { kind: 'constant', value: parts.join(''), at };
    return { kind: 'format', parts, at };
  }

  private dictEntries(nodes: readonly SyntaxNode[]): { key?: Expression; value: Expression }[] {
    return splitAtCommas(nodes).map((part) => {
      if (part.length === 2 && part[0].type.name === '**') return { value: this.parse(part[1]) };
      if (part.length === 3 && part[1].type.name === ':')
        return { key: this.parse(part[0]), value: this.parse(part[2]) };
      throw new SyntaxProblem(part[0]?.from ?? 0, 'expected key: value in the dictionary');
    });
  }

  private comprehension(
    makes: 'list' | 'set' | 'dict' | 'generator',
    nodes: readonly SyntaxNode[],
    at: number,
  ): Expression {
    const first = nodes.findIndex((node) => node.type.name === 'for');
    const head = nodes.slice(0, first);
    if (first < 1 || nodes.some((node) => node.type.name === 'async'))
      return refused(at, 'expected [value for name in list]');
    const clauses = this.clauses(nodes.slice(first), at);
    if (makes === 'dict') {
      if (head.length !== 3) return refused(at, 'expected {key: value for ...}');
      return { kind: 'comprehension', makes, key: this.parse(head[0]), element: this.parse(head[2]), clauses, at };
    }
    if (head.length !== 1)
      return refused(at, 'expected one value per item of the comprehension. Put brackets around a tuple');
    return { kind: 'comprehension', makes, element: this.parse(head[0]), clauses, at };
  }

  private clauses(nodes: readonly SyntaxNode[], at: number): Clause[] {
    const starts = nodes.flatMap((node, i) => (node.type.name === 'for' || node.type.name === 'if' ? [i] : []));
    return starts.map((start, i) => {
      const part = nodes.slice(start + 1, starts[i + 1]);
      if (nodes[start].type.name === 'if') return { test: this.list(part, at) };
      const split = part.findIndex((node) => node.type.name === 'in');
      if (split < 1) throw new SyntaxProblem(nodes[start].from, 'expected [value for name in list]');
      return { target: this.list(part.slice(0, split), at), over: this.list(part.slice(split + 1), at) };
    });
  }

  private call(children: readonly SyntaxNode[], at: number): Expression {
    const inner = childrenOf(children[1]).slice(1, -1);
    const callee = this.parse(children[0]);
    const positional: Expression[] = [];
    const named: { name?: string; value: Expression }[] = [];
    const seen = new Set<string>();
    for (const part of splitAtCommas(inner)) {
      const [first, second, third] = part;
      if (!first) throw new SyntaxProblem(at, 'missing value between two commas');
      if (first.type.name === '**' && part.length === 2) named.push({ value: this.parse(second) });
      else if (first.type.name === '*' && part.length === 2)
        positional.push({ kind: 'star', value: this.parse(second), at: first.from });
      else if (second?.type.name === 'AssignOp' && part.length === 3) {
        const name = this.textOf(first);
        if (first.type.name !== 'VariableName')
          throw new SyntaxProblem(
            first.from,
            `"${name}" cannot be an argument name. Write {'key': value} for such keys`,
          );
        if (seen.has(name)) throw new SyntaxProblem(first.from, `duplicate argument "${name}". Remove one of the two`);
        seen.add(name);
        named.push({ name, value: this.parse(third) });
      } else if (second?.type.name === 'for') positional.push(this.comprehension('generator', part, first.from));
      else if (part.length !== 1) throw new SyntaxProblem(second.from, 'missing comma');
      else if (named.some(({ name }) => name !== undefined))
        throw new SyntaxProblem(first.from, 'a positional argument cannot follow a keyword argument. Write key=value');
      else positional.push(this.parse(first));
    }
    return { kind: 'call', callee, positional, named, at };
  }

  private member(children: readonly SyntaxNode[], at: number): Expression {
    const object = this.parse(children[0]);
    if (children[1].type.name === '.')
      return { kind: 'attribute', object, name: this.textOf(children[2]), at: children[2].from };
    const inner = children.slice(2, -1);
    const parts = splitAtCommas(inner).map((part): Expression => {
      if (!part.some((node) => node.type.name === ':')) return this.list(part, at);
      const bounds: (Expression | undefined)[] = [undefined];
      for (const node of part)
        if (node.type.name === ':') bounds.push(undefined);
        else bounds[bounds.length - 1] = this.parse(node);
      return { kind: 'slice', start: bounds[0], stop: bounds[1], step: bounds[2], at: part[0].from };
    });
    const tuple = inner.some((node) => node.type.name === ',');
    if (!parts.length) return refused(at, 'missing index between [ and ]');
    return {
      kind: 'subscript',
      object,
      index: tuple ? { kind: 'tuple', items: parts, at } : parts[0],
      at: children[1].from,
    };
  }

  /** A chain of operators, left to right, without recursion: long sums are common. */
  private binary(node: SyntaxNode): Expression {
    const links: { node: SyntaxNode; operator: string; right: SyntaxNode }[] = [];
    let left = node;
    while (left.type.name === 'BinaryExpression') {
      const children = childrenOf(left);
      const operator = children
        .slice(1, -1)
        .map((child) => this.textOf(child))
        .join(' ');
      links.push({ node: left, operator, right: children[children.length - 1] });
      left = children[0];
    }
    let result = this.parse(left);
    let comparing = false;
    for (const { operator, right } of links.reverse()) {
      if (operator !== 'and' && operator !== 'or' && right.firstChild?.type.name === 'not')
        throw new SyntaxProblem(right.from, 'missing brackets around "not ..."');
      const value = this.parse(right);
      const at = result.at;
      if (!COMPARISONS.has(operator)) result = { kind: 'binary', operator, left: result, right: value, at };
      else if (comparing && result.kind === 'compare') result.rest.push({ operator, value });
      else result = { kind: 'compare', first: result, rest: [{ operator, value }], at };
      comparing = COMPARISONS.has(operator);
    }
    return result;
  }
}

const refused = (at: number, message: string): Expression => ({ kind: 'refused', message, at });
