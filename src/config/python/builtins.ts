// The built-in functions that a config may call. No others exist, so that no code can be executed.

import { parameters } from './arguments';
import { chargeItems } from './budget';
import { order } from './compare';
import { format } from './format';
import { characters, iterate, lengthOf, toList } from './iterate';
import { pairsOf } from './methods';
import { arithmetic, index, numeric, round, toFloat, whole } from './numbers';
import { binary } from './operators';
import { keyOf, sorted } from './sort';
import { repr, str } from './text-form';
import {
  type Arguments,
  Callable,
  Dict,
  kindOf,
  PythonError,
  Range,
  SetOf,
  Stream,
  Tuple,
  truth,
  typeName,
  type Value,
} from './values';

type Builtin = (args: Arguments) => Value;

/** A function with named parameters (see `parameters`). */
const define = (name: string, names: readonly string[], work: (...values: Value[]) => Value): [string, Builtin] => [
  name,
  (args) => work(...(parameters(name, args, names) as Value[])),
];

/** Parses an integer; surrounding spaces and single underscores between digits are allowed. */
function parseInteger(text: string, base: number): bigint {
  const trimmed = text.trim();
  const [, sign, prefix, digits] = /^([-+]?)(0[xXoObB])?([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(trimmed) ?? [];
  const radix = prefix ? { x: 16, o: 8, b: 2 }[prefix[1].toLowerCase() as 'x' | 'o' | 'b'] : base || 10;
  const fits = digits !== undefined && !(prefix && base !== 0 && base !== radix);
  if (!fits || trimmed.length > 4300) throw new PythonError(`${repr(text.slice(0, 80))} is not an integer`);
  let value = 0n;
  for (const char of digits.replaceAll('_', '')) {
    const digit = Number.parseInt(char, 36);
    if (digit >= radix) throw new PythonError(`${repr(text.slice(0, 80))} is not an integer`);
    value = value * BigInt(radix) + BigInt(digit);
  }
  return sign === '-' ? -value : value;
}

function int(value: Value = 0n, base?: Value): Value {
  if (typeof value === 'string') return parseInteger(value, base === undefined ? 10 : index(base));
  const number = numeric(value);
  if (typeof number === 'bigint') return number;
  if (!Number.isFinite(number)) throw new PythonError(`the float ${number} is not an integer`);
  return BigInt(Math.trunc(number));
}

function float(value: Value = 0): Value {
  if (typeof value !== 'string') return toFloat(numeric(value));
  const trimmed = value.trim().toLowerCase();
  if (/^[-+]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[-+]?\d+(_\d+)*)?$/.test(trimmed))
    return Number(trimmed.replaceAll('_', ''));
  const [, sign, word] = /^([-+]?)(inf|infinity|nan)$/.exec(trimmed) ?? [];
  if (!word) throw new PythonError(`${repr(value.slice(0, 80))} is not a number`);
  return word === 'nan' ? Number.NaN : sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function range(first: Value, second?: Value, third?: Value): Value {
  const [start, stop] = second === undefined ? [0n, whole(first)] : [whole(first), whole(second)];
  const step = third === undefined ? 1n : whole(third);
  if (step === 0n) throw new PythonError('the step of a range cannot be 0');
  return new Range(start, stop, step);
}

/** min() and max(). */
const extreme =
  (name: string, sign: number): Builtin =>
  ({ positional, named }) => {
    const { key = null, default: otherwise, ...others } = Object.fromEntries(named);
    if (Object.keys(others).length) throw new PythonError(`${name}() has no argument "${Object.keys(others)[0]}"`);
    const items = positional.length === 1 ? toList(positional[0]) : positional;
    if (items.length === 0) {
      if (otherwise !== undefined && positional.length) return otherwise;
      throw new PythonError(`${name}() of an empty sequence`);
    }
    let best = items[0];
    let bestKey = keyOf(best, key);
    for (const item of items.slice(1)) {
      const itemKey = keyOf(item, key);
      if (order(itemKey, bestKey) * sign > 0) [best, bestKey] = [item, itemKey];
    }
    return best;
  };

function sum(values: Value, start: Value = 0n): Value {
  if (typeof start === 'string') throw new PythonError("sum() cannot add strings. Write ''.join(...)");
  let total: Value = start;
  for (const item of iterate(values)) total = binary('+', total, item);
  return total;
}

function* zipped(iterables: Value[], strict: boolean): Generator<Value> {
  const streams = iterables.map((values) => iterate(values));
  while (streams.length) {
    const next = streams.map((stream) => stream.next());
    const ended = next.filter((item) => item.done).length;
    if (strict && ended && ended < next.length)
      throw new PythonError('zip() with strict=True expects lists of equal length');
    if (ended) return;
    yield new Tuple(next.map((item) => item.value as Value));
  }
}

function* enumerated(values: Value, start: bigint): Generator<Value> {
  let i = start;
  for (const item of iterate(values)) yield new Tuple([i++, item]);
}

function* mapped(name: string, work: Value, iterables: Value[]): Generator<Value> {
  if (!(work instanceof Callable)) throw new PythonError(`${name}() expects a built-in function, e.g. int or str`);
  for (const items of zipped(iterables, false))
    yield work.call({ positional: [...(items as Tuple).items], named: new Map() });
}

function* filtered(test: Value, values: Value): Generator<Value> {
  for (const item of iterate(values)) if (truth(keyOf(item, test))) yield item;
}

function reversed(values: Value): Value {
  if (values instanceof SetOf) throw new PythonError('a set has no order to reverse');
  return new Stream('reversed', toList(values).reverse().values());
}

const TYPES: Record<string, (value: Value) => boolean> = {
  int: (value) => typeof value === 'bigint' || typeof value === 'boolean',
  ...Object.fromEntries(
    ['float', 'str', 'list', 'tuple', 'set', 'bool', 'dict', 'range'].map((name) => [
      name,
      (value: Value) => typeName(value) === name,
    ]),
  ),
};

function isInstance(value: Value, type: Value): boolean {
  if (type instanceof Tuple) return type.items.some((item) => isInstance(value, item));
  if (type instanceof Callable && Object.hasOwn(TYPES, type.name)) return TYPES[type.name](value);
  throw new PythonError('isinstance() takes int, float, str, bool, list, tuple, dict or set');
}

const inBase = (name: string, radix: number, prefix: string) =>
  define(name, ['number'], (value) => {
    const number = whole(value);
    return `${number < 0n ? '-' : ''}${prefix}${(number < 0n ? -number : number).toString(radix)}`;
  });

const FUNCTIONS = new Map<string, Builtin>([
  define('int', ['x?', 'base?'], int),
  define('float', ['x?'], float),
  define('str', ['object?'], (value = '') => str(value)),
  define('bool', ['x?'], (value = false) => truth(value)),
  define('repr', ['object'], (value) => repr(value)),
  define('len', ['object'], (value) => BigInt(lengthOf(value))),
  define('list', ['iterable?'], (values = []) => toList(values)),
  define('tuple', ['iterable?'], (values = []) => (values instanceof Tuple ? values : new Tuple(toList(values)))),
  define('set', ['iterable?'], (values = []) => new SetOf(toList(values))),
  define('frozenset', ['iterable?'], (values = []) => new SetOf(toList(values))),
  ['dict', makeDict],
  ['range', (args) => range(...(parameters('range', args, ['start', 'stop?', 'step?']) as [Value]))],
  define('sum', ['iterable', 'start?'], sum),
  ['min', extreme('min', -1)],
  ['max', extreme('max', 1)],
  define('abs', ['x'], (value) => {
    const number = numeric(value);
    return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number);
  }),
  define('round', ['number', 'ndigits?'], (value, digits = null) =>
    round(numeric(value), digits === null ? undefined : index(digits)),
  ),
  define('sorted', ['iterable', '*', 'key?', 'reverse?'], (values, key = null, reverse = false) =>
    sorted(values, key, truth(reverse)),
  ),
  define('reversed', ['sequence'], reversed),
  define(
    'enumerate',
    ['iterable', 'start?'],
    (values, start = 0n) => new Stream('enumerate', enumerated(values, whole(start))),
  ),
  ['zip', ({ positional, named }) => new Stream('zip', zipped(positional, truth(named.get('strict') ?? false)))],
  ['map', ({ positional: [work, ...iterables] }) => new Stream('map', mapped('map', work, iterables))],
  define('filter', ['function', 'iterable'], (test, values) => new Stream('filter', filtered(test, values))),
  define('any', ['iterable'], (values) => {
    for (const item of iterate(values)) if (truth(item)) return true;
    return false;
  }),
  define('all', ['iterable'], (values) => {
    for (const item of iterate(values)) if (!truth(item)) return false;
    return true;
  }),
  define(
    'divmod',
    ['a', 'b'],
    (a, b) => new Tuple([arithmetic('//', numeric(a), numeric(b)), arithmetic('%', numeric(a), numeric(b))]),
  ),
  define('pow', ['base', 'exp'], (a, b) => arithmetic('**', numeric(a), numeric(b))),
  define('isinstance', ['object', 'type'], isInstance),
  define('format', ['value', 'spec?'], (value, spec = '') => format(value, str(spec))),
  define('chr', ['code'], (code) => {
    const point = index(code);
    if (point < 0 || point > 0x10ffff) throw new PythonError(`${point} is not a character`);
    return String.fromCodePoint(point);
  }),
  define('ord', ['character'], (text) => {
    if (typeof text !== 'string' || characters(text).length !== 1) throw new PythonError('ord() takes one character');
    return BigInt(text.codePointAt(0) as number);
  }),
  define('next', ['iterator', 'default?'], (stream, otherwise) => {
    if (!(stream instanceof Stream)) throw new PythonError(`next() takes an iterator, received ${kindOf(stream)}`);
    const next = stream.items.next();
    if (next.done && otherwise === undefined) throw new PythonError('the iterator is exhausted');
    return next.done ? otherwise : next.value;
  }),
  define('iter', ['iterable'], (values) =>
    values instanceof Stream ? values : new Stream('iterator', iterate(values)),
  ),
  inBase('hex', 16, '0x'),
  inBase('oct', 8, '0o'),
  inBase('bin', 2, '0b'),
  // mmengine prints; here reading a config has no side effects
  ['print', () => null],
]);

function makeDict(args: Arguments): Value {
  const dict = new Dict();
  for (const [key, value, origin] of pairsOf('dict', args)) dict.set(key, value, origin);
  return dict;
}

export const BUILTINS: ReadonlyMap<string, Callable> = new Map(
  [...FUNCTIONS].map(([name, work]) => [
    name,
    new Callable(name, (args) => {
      chargeItems(args.positional.length + args.named.size);
      return work(args);
    }),
  ]),
);

/** Python built-ins that are rejected, with advice. */
export const REFUSED_NAMES: Record<string, string> = {
  open: 'a config cannot read files. Write the values themselves',
  eval: 'a config is read, not executed. Write the resulting value',
  exec: 'a config is read, not executed. Write the resulting value',
  compile: 'a config is read, not executed. Write the resulting value',
  __import__: 'a config cannot import dynamically. Write the resulting value',
  globals: 'a config cannot access its variables as a dictionary',
  locals: 'a config cannot access its variables as a dictionary',
  vars: 'a config cannot access its variables as a dictionary',
  getattr: 'write object.name',
  setattr: 'write object.name = value',
  input: 'a config cannot ask for input',
  bytes: 'bytes are not data. Write a string',
  complex: 'complex numbers are not data. Write a list of two numbers',
  type: 'types are not data. Write the name of the type as a string',
};
