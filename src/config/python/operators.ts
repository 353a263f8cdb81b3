// The operators `+ - * / // % ** | & ^ << >>`, and augmented assignments (`+=` etc.), which change lists in place.

import { chargeItems, chargeText } from './budget';
import { formatPercent } from './format';
import { iterate, toList } from './iterate';
import { arithmetic, index, numeric } from './numbers';
import {
  BaseVariable,
  baseVariableAdvice,
  Dict,
  isNumeric,
  kindOf,
  PythonError,
  SetOf,
  Tuple,
  type Value,
  View,
} from './values';

export function binary(operator: string, a: Value, b: Value): Value {
  if (typeof a === 'boolean' && typeof b === 'boolean' && '|&^'.includes(operator))
    return operator === '|' ? a || b : operator === '&' ? a && b : a !== b;
  if (isNumeric(a) && isNumeric(b)) return arithmetic(operator, numeric(a), numeric(b));
  if (operator === '%' && typeof a === 'string') return formatPercent(a, b);
  if (operator === '*') {
    const times = isNumeric(b) ? repeat(a, b) : isNumeric(a) ? repeat(b, a) : undefined;
    if (times !== undefined) return times;
  }
  if (operator === '+') {
    const sum = concatenate(a, b);
    if (sum !== undefined) return sum;
  }
  if (operator === '|' && a instanceof Dict && b instanceof Dict) {
    chargeItems(a.size + b.size);
    const joined = Dict.of([...a.pairs(), ...b.pairs()]);
    joined.config = a.config || b.config;
    return joined;
  }
  const sets = setOperation(operator, a, b);
  if (sets) return sets;
  for (const side of [a, b]) if (side instanceof BaseVariable) throw new PythonError(baseVariableAdvice(side));
  throw new PythonError(`"${operator}" cannot be applied to ${kindOf(a)} and ${kindOf(b)}`);
}

function concatenate(a: Value, b: Value): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') {
    chargeText(a.length + b.length);
    return a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    chargeItems(a.length + b.length);
    return [...a, ...b];
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    chargeItems(a.items.length + b.items.length);
    return new Tuple([...a.items, ...b.items]);
  }
  return undefined;
}

function repeat(value: Value, times: boolean | bigint | number): Value | undefined {
  if (typeof value !== 'string' && !Array.isArray(value) && !(value instanceof Tuple)) return undefined;
  const count = Math.max(0, index(times));
  if (typeof value === 'string') {
    chargeText(value.length * count);
    return value.repeat(count);
  }
  const items = Array.isArray(value) ? value : value.items;
  chargeItems(items.length * count);
  if (items.length === 0) return Array.isArray(value) ? [] : new Tuple([]);
  const repeated: Value[] = [];
  for (let i = 0; i < count; i++) for (const item of items) repeated.push(item);
  return Array.isArray(value) ? repeated : new Tuple(repeated);
}

export function setOperation(operator: string, a: Value, b: Value): SetOf | undefined {
  const isSet = (value: Value) => value instanceof SetOf || (value instanceof View && value.kind !== 'values');
  if (!isSet(a) || !isSet(b)) return undefined;
  const [x, y] = [new SetOf(iterate(a)), new SetOf(iterate(b))];
  const kept = (from: SetOf, keep: (item: Value) => boolean) => [...from.items.values()].filter(keep);
  if (operator === '|') return new SetOf([...x.items.values(), ...y.items.values()]);
  if (operator === '&') return new SetOf(kept(x, (item) => y.has(item)));
  if (operator === '-') return new SetOf(kept(x, (item) => !y.has(item)));
  if (operator === '^') return new SetOf([...kept(x, (item) => !y.has(item)), ...kept(y, (item) => !x.has(item))]);
  return undefined;
}

/** `a operator= b`: in place for lists, dictionaries and sets, a new value otherwise. */
export function augmented(operator: string, a: Value, b: Value): Value {
  if (Array.isArray(a) && operator === '+') {
    const more = toList(b);
    chargeItems(a.length + more.length);
    for (const item of more) a.push(item);
    return a;
  }
  if (Array.isArray(a) && operator === '*') {
    const repeated = repeat(a, numeric(b)) as Value[];
    a.splice(0, a.length, ...repeated);
    return a;
  }
  if (a instanceof Dict && b instanceof Dict && operator === '|') {
    chargeItems(a.size + b.size);
    for (const [key, value] of [...b.pairs()]) a.set(key, value);
    return a;
  }
  if (a instanceof SetOf) {
    const result = setOperation(operator, a, b);
    if (result) {
      a.items.clear();
      for (const item of result.items.values()) a.add(item);
      return a;
    }
  }
  return binary(operator, a, b);
}

export function unary(operator: string, value: Value): Value {
  if (value instanceof BaseVariable) throw new PythonError(baseVariableAdvice(value));
  if (!isNumeric(value)) throw new PythonError(`"${operator}" cannot be applied to ${kindOf(value)}`);
  const number = numeric(value);
  if (operator === '+') return number;
  if (operator === '-') return -number;
  if (typeof number === 'bigint') return ~number;
  throw new PythonError('"~" cannot be applied to a float');
}
