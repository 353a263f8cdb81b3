// Comparisons: equality, order, membership and identity.

import { checkDepth } from './budget';
import { iterate } from './iterate';
import { numeric } from './numbers';
import {
  BaseVariable,
  baseVariableAdvice,
  Dict,
  isNumeric,
  kindOf,
  Lazy,
  PythonError,
  Range,
  SetOf,
  Tuple,
  type Value,
  View,
} from './values';

export function equal(a: Value, b: Value, depth = 0): boolean {
  if (a instanceof BaseVariable) throw new PythonError(baseVariableAdvice(a));
  if (b instanceof BaseVariable) throw new PythonError(baseVariableAdvice(b));
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [numeric(a), numeric(b)];
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number are compared by value
    return x == y;
  }
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  checkDepth(depth);
  const inside = (x: readonly Value[], y: readonly Value[]) =>
    x.length === y.length && x.every((item, i) => equal(item, y[i], depth + 1));
  if (Array.isArray(a)) return Array.isArray(b) && inside(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && inside(a.items, b.items);
  if (a instanceof Range) return b instanceof Range && inside([...iterate(a)], [...iterate(b)]);
  if (a instanceof SetOf)
    return b instanceof SetOf && a.items.size === b.items.size && [...a.items.values()].every((item) => b.has(item));
  if (a instanceof Lazy) return b instanceof Lazy && a.path === b.path;
  if (a instanceof Dict && b instanceof Dict) {
    if (a.size !== b.size) return false;
    for (const [key, value] of a.pairs()) {
      const other = b.get(key);
      if (other === undefined || !equal(value, other, depth + 1)) return false;
    }
    return true;
  }
  if (a instanceof View && b instanceof View)
    return a.kind === b.kind && equal(new SetOf([...iterate(a)]), new SetOf([...iterate(b)]), depth + 1);
  return false;
}

/** Negative, 0 or positive; NaN for unordered values. @throws PythonError for types without an order. */
export function order(a: Value, b: Value, depth = 0): number {
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [numeric(a), numeric(b)];
    return x < y ? -1 : x > y ? 1 : equal(x, y) ? 0 : Number.NaN;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const [x, y] = [sequence(a), sequence(b)];
  if (!x || !y || Array.isArray(a) !== Array.isArray(b))
    throw new PythonError(`${kindOf(a)} and ${kindOf(b)} cannot be ordered`);
  checkDepth(depth);
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (!equal(x[i], y[i])) return order(x[i], y[i], depth + 1);
  return x.length - y.length;
}

const sequence = (value: Value): readonly Value[] | undefined =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;

/** By code point, as Python orders strings. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i === a.length || i === b.length) return a.length - b.length;
  const surrogate = (code: number) => code >= 0xd800 && code <= 0xdfff;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  return surrogate(x) !== surrogate(y) ? (surrogate(x) ? 1 : -1) : x - y;
}

export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string')
      throw new PythonError(`expected a string to search in a string, received ${kindOf(item)}`);
    return container.includes(item);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof SetOf) return container.has(item);
  for (const other of iterate(container)) if (equal(item, other)) return true;
  return false;
}

export function compare(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return equal(a, b);
    case '!=':
      return !equal(a, b);
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
    case 'is':
      return same(a, b);
    case 'is not':
      return !same(a, b);
  }
  if (a instanceof SetOf && b instanceof SetOf) return compareSets(operator, a, b);
  const sign = order(a, b);
  if (operator === '<') return sign < 0;
  if (operator === '<=') return sign <= 0;
  return operator === '>' ? sign > 0 : sign >= 0;
}

const same = (a: Value, b: Value) => typeof a === typeof b && (a === b || (typeof a === 'number' && Object.is(a, b)));

function compareSets(operator: string, a: SetOf, b: SetOf): boolean {
  const within = (x: SetOf, y: SetOf) => [...x.items.values()].every((item) => y.has(item));
  if (operator === '<=') return within(a, b);
  if (operator === '>=') return within(b, a);
  return operator === '<' ? within(a, b) && a.items.size < b.items.size : within(b, a) && b.items.size < a.items.size;
}
