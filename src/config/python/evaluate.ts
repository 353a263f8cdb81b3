// Evaluates Python expressions in our own code: nothing is ever passed to an interpreter.

import { didYouMean } from '../../errors';
import { getAttribute, methodOf } from './attributes';
import { charge, chargeItems, chargeText } from './budget';
import { BUILTINS, REFUSED_NAMES } from './builtins';
import { compare } from './compare';
import { converted, format } from './format';
import { iterate } from './iterate';
import { binary, unary } from './operators';
import { getItem, type Index } from './subscript';
import type { Clause, Expression, FormatPart } from './syntax';
import { str } from './text-form';
import {
  type Arguments,
  Callable,
  Dict,
  kindOf,
  type Origin,
  PythonError,
  SetOf,
  Stream,
  Tuple,
  truth,
  type Value,
} from './values';

/** Names and their values; a comprehension has an inner scope. */
export class Scope {
  constructor(
    readonly names = new Map<string, Value>(),
    readonly parent?: Scope,
  ) {}
  lookup(name: string): Value | undefined {
    const value = this.names.get(name);
    return value === undefined && this.parent ? this.parent.lookup(name) : value;
  }
}

/** Relates an evaluation to the source file. */
export interface SourceContext {
  /** @throws an error at the position. */
  fail(at: number, message: string): never;
  /** File and line of a value, if origins are recorded. */
  origin?(at: number): Origin;
}

export class Evaluator {
  constructor(readonly context: SourceContext) {}

  evaluate(node: Expression, scope: Scope): Value {
    charge();
    try {
      return this.value(node, scope);
    } catch (error) {
      throw this.placed(error, node.at);
    }
  }

  /** A Python error with its position; others unchanged. */
  placed(error: unknown, at: number): unknown {
    return error instanceof PythonError ? this.context.fail(at, error.message) : error;
  }

  private value(node: Expression, scope: Scope): Value {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'name':
        return this.name(node.name, scope);
      case 'format':
        return this.formatted(node.parts, scope);
      case 'list':
        return this.items(node.items, scope);
      case 'tuple':
        return new Tuple(this.items(node.items, scope));
      case 'set':
        return new SetOf(this.items(node.items, scope));
      case 'dict':
        return this.dict(node.entries, scope);
      case 'call':
        return this.call(node, scope);
      case 'attribute':
        return getAttribute(this.evaluate(node.object, scope), node.name);
      case 'subscript':
        return getItem(this.evaluate(node.object, scope), this.index(node.index, scope));
      case 'unary': {
        const operand = this.evaluate(node.operand, scope);
        return node.operator === 'not' ? !truth(operand) : unary(node.operator, operand);
      }
      case 'binary':
        return this.binary(node, scope);
      case 'compare':
        return this.compare(node, scope);
      case 'conditional':
        return this.evaluate(truth(this.evaluate(node.test, scope)) ? node.value : node.otherwise, scope);
      case 'comprehension':
        return this.comprehension(node, scope);
      case 'function':
        return undefinedFunction('lambda');
      case 'refused':
        throw new PythonError(node.message);
      case 'star':
      case 'slice':
        throw new PythonError('unexpected syntax');
    }
  }

  private name(name: string, scope: Scope): Value {
    const value = scope.lookup(name);
    if (value !== undefined) return value;
    const builtin = BUILTINS.get(name);
    if (builtin) return builtin;
    if (name === '__name__') return 'builtins';
    if (Object.hasOwn(REFUSED_NAMES, name))
      throw new PythonError(`"${name}" is not supported in a config: ${REFUSED_NAMES[name]}`);
    const known: string[] = [];
    for (let at: Scope | undefined = scope; at; at = at.parent) known.push(...at.names.keys());
    throw new PythonError(
      `name "${name}" is not defined.${didYouMean(name, [...known, ...BUILTINS.keys()])} Define it above: ${name} = ...`,
    );
  }

  /** Values of a list, with `*spread` unpacked. */
  items(nodes: readonly Expression[], scope: Scope): Value[] {
    chargeItems(nodes.length);
    const items: Value[] = [];
    for (const node of nodes) {
      if (node.kind !== 'star') items.push(this.evaluate(node, scope));
      else {
        for (const item of iterate(this.evaluate(node.value, scope))) items.push(item);
        chargeItems(items.length);
      }
    }
    return items;
  }

  private dict(entries: { key?: Expression; value: Expression }[], scope: Scope): Dict {
    chargeItems(entries.length);
    const dict = new Dict();
    for (const { key, value } of entries) {
      if (key) {
        const known = this.evaluate(key, scope);
        dict.set(known, this.evaluate(value, scope), this.context.origin?.(key.at));
        continue;
      }
      const spread = this.evaluate(value, scope);
      if (!(spread instanceof Dict))
        throw new PythonError(`expected a dictionary after **, received ${kindOf(spread)}`);
      for (const entry of [...spread.entries.values()]) dict.set(entry.key, entry.value, entry.origin);
      chargeItems(dict.size);
    }
    return dict;
  }

  index(node: Expression, scope: Scope): Index {
    if (node.kind !== 'slice') return { value: this.evaluate(node, scope) };
    const bound = (part: Expression | undefined) => (part ? this.evaluate(part, scope) : null);
    return { slice: { start: bound(node.start), stop: bound(node.stop), step: bound(node.step) } };
  }

  private call(node: Extract<Expression, { kind: 'call' }>, scope: Scope): Value {
    const { callee } = node;
    if (callee.kind === 'attribute') {
      const object = this.evaluate(callee.object, scope);
      const method = methodOf(object, callee.name);
      if (method) {
        const result = method(this.arguments(node, scope), this.context.origin?.(node.at));
        if (object instanceof Dict && callee.name === 'update') this.noteOrigins(node, object);
        return result;
      }
      return this.invoke(getAttribute(object, callee.name), node, scope);
    }
    return this.invoke(this.evaluate(callee, scope), node, scope);
  }

  private invoke(callee: Value, node: Extract<Expression, { kind: 'call' }>, scope: Scope): Value {
    if (!(callee instanceof Callable))
      throw new PythonError(
        `${kindOf(callee)} cannot be called: a config can call only a few functions on plain values. Write the resulting value`,
      );
    const result = callee.call(this.arguments(node, scope));
    if (callee.name === 'dict' && result instanceof Dict) this.noteOrigins(node, result);
    return result;
  }

  private noteOrigins(node: Extract<Expression, { kind: 'call' }>, dict: Dict): void {
    if (!this.context.origin) return;
    for (const { name, value } of node.named) {
      const entry = name === undefined ? undefined : dict.entries.get(name);
      if (entry) entry.origin = { ...this.context.origin(value.at), previous: entry.origin };
    }
  }

  private arguments(node: Extract<Expression, { kind: 'call' }>, scope: Scope): Arguments {
    const positional = this.items(node.positional, scope);
    const named = new Map<string, Value>();
    const add = (name: string, value: Value) => {
      if (named.has(name)) throw new PythonError(`duplicate argument "${name}". Remove one of the two`);
      named.set(name, value);
    };
    for (const { name, value } of node.named) {
      const given = this.evaluate(value, scope);
      if (name !== undefined) add(name, given);
      else if (!(given instanceof Dict))
        throw new PythonError(`expected a dictionary after **, received ${kindOf(given)}`);
      else
        for (const [key, item] of given.pairs()) {
          if (typeof key !== 'string')
            throw new PythonError('expected string keys in the dictionary after ** of a call');
          add(key, item);
        }
    }
    chargeItems(named.size);
    return { positional, named };
  }

  /** Iterates over the left side of a chain instead of recursing. */
  private binary(node: Extract<Expression, { kind: 'binary' }>, scope: Scope): Value {
    const chain: Extract<Expression, { kind: 'binary' }>[] = [];
    let left: Expression = node;
    for (; left.kind === 'binary'; left = left.left) chain.push(left);
    let value = this.evaluate(left, scope);
    for (const link of chain.reverse()) {
      if (link.operator === 'and') value = truth(value) ? this.evaluate(link.right, scope) : value;
      else if (link.operator === 'or') value = truth(value) ? value : this.evaluate(link.right, scope);
      else value = binary(link.operator, value, this.evaluate(link.right, scope));
    }
    return value;
  }

  private compare(node: Extract<Expression, { kind: 'compare' }>, scope: Scope): Value {
    let left = this.evaluate(node.first, scope);
    for (const { operator, value } of node.rest) {
      const right = this.evaluate(value, scope);
      if (!compare(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  private formatted(parts: readonly (string | FormatPart)[], scope: Scope): string {
    let text = '';
    for (const part of parts) {
      if (typeof part === 'string') text += part;
      else {
        const value = converted(this.evaluate(part.value, scope), part.conversion);
        const spec = this.formatted(part.spec, scope);
        text += spec ? format(value, spec) : str(value);
      }
    }
    chargeText(text.length);
    return text;
  }

  private comprehension(node: Extract<Expression, { kind: 'comprehension' }>, scope: Scope): Value {
    const inner = new Scope(new Map(), scope);
    const rounds = this.rounds(node.clauses, inner, scope);
    if (node.makes === 'generator') return new Stream('generator', this.elements(node.element, rounds, inner));
    if (node.makes === 'dict') {
      const dict = new Dict();
      for (const _ of rounds) {
        const key = this.evaluate(node.key as Expression, inner);
        dict.set(key, this.evaluate(node.element, inner), this.context.origin?.(node.at));
        if (dict.size % 1024 === 0) chargeItems(dict.size);
      }
      return dict;
    }
    const items: Value[] = [];
    for (const _ of rounds) {
      items.push(this.evaluate(node.element, inner));
      if (items.length % 1024 === 0) chargeItems(items.length);
    }
    return node.makes === 'set' ? new SetOf(items) : items;
  }

  private *elements(element: Expression, rounds: Iterable<void>, scope: Scope): Generator<Value> {
    for (const _ of rounds) yield this.evaluate(element, scope);
  }

  /** Yields for every combination that passes the clauses, with the names set; the first iterable is evaluated outside. */
  private *rounds(clauses: readonly Clause[], scope: Scope, outside: Scope): Generator<void> {
    const [clause, ...rest] = clauses;
    if (!clause) {
      yield;
      return;
    }
    if ('test' in clause) {
      if (truth(this.evaluate(clause.test, scope))) yield* this.rounds(rest, scope, scope);
      return;
    }
    for (const item of iterate(this.evaluate(clause.over, outside))) {
      this.bind(clause.target, item, scope);
      yield* this.rounds(rest, scope, scope);
    }
  }

  /** Sets names from a value; statements also set attributes and items. */
  bind(target: Expression, value: Value, scope: Scope): void {
    if (target.kind === 'name') scope.names.set(target.name, value);
    else if (target.kind === 'tuple' || target.kind === 'list') this.unpack(target.items, value, scope, target.at);
    else throw new PythonError('expected a name');
  }

  /** `a, *b = value` */
  protected unpack(targets: readonly Expression[], value: Value, scope: Scope, at: number): void {
    const items: Value[] = [];
    for (const item of iterate(value)) items.push(item);
    const star = targets.findIndex((target) => target.kind === 'star');
    const needed = star < 0 ? targets.length : targets.length - 1;
    if (star < 0 ? items.length !== needed : items.length < needed)
      this.context.fail(at, `cannot unpack ${items.length} values into ${targets.length} names`);
    const after = star < 0 ? 0 : targets.length - star - 1;
    for (const [i, target] of targets.entries()) {
      if (target.kind === 'star') this.bind(target.value, items.slice(i, items.length - after), scope);
      else this.bind(target, star >= 0 && i > star ? items[items.length - targets.length + i] : items[i], scope);
    }
  }
}

/** A function defined in the config: allowed, but neither data nor callable. */
export function undefinedFunction(name: string): Callable {
  return new Callable(name, () => {
    throw new PythonError(`a config is read, not executed, so "${name}" cannot be called. Write the resulting value`);
  });
}
