// Python's values as a config needs them. Lists are arrays and are shared like Python's; an int is a bigint and a float
// a number, so that 1 and 1.0 stay apart; what JavaScript lacks has a class here.

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Value[]
  | Tuple
  | Dict
  | SetOf
  | Range
  | Stream
  | View
  | Callable
  | Namespace
  | Lazy
  | BaseVariable;

/** What is wrong in Python's terms; the evaluator adds the place. */
export class PythonError extends Error {
  override name = 'PythonError';
}

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

export class Range {
  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {}
  get length(): number {
    const { start, stop, step } = this;
    const span = step > 0n ? stop - start : start - stop;
    const size = step > 0n ? step : -step;
    return span <= 0n ? 0 : Number((span + size - 1n) / size);
  }
  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }
}

/** An iterator: read once. */
export class Stream {
  constructor(
    readonly kind: string,
    readonly items: Iterator<Value>,
  ) {}
}

/** `keys()`, `values()` or `items()` of a dictionary, which show it as it is now. */
export class View {
  constructor(
    readonly dict: Dict,
    readonly kind: 'keys' | 'values' | 'items',
  ) {}
}

export interface Arguments {
  positional: Value[];
  named: Map<string, Value>;
}

export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: Arguments) => Value,
  ) {}
}

/** A module of Python's standard library, with the few members that a config may use. */
export class Namespace {
  constructor(
    readonly name: string,
    readonly members: ReadonlyMap<string, Value>,
  ) {}
}

/** A class or module imported by a new-style config, represented by its name: nothing is ever imported. */
export class Lazy {
  constructor(
    readonly module: string,
    readonly name: string,
    /** The module of its attributes. */
    readonly scope: string,
  ) {}
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** `{{_base_.x.y}}`: the base config's value, which replaces it after everything else has been evaluated. */
export class BaseVariable {
  constructor(
    readonly path: string,
    /** Position in the source. */
    readonly at: number,
  ) {}
}

/** Where a value was written, for `explain`. */
export interface Origin {
  file: string;
  line: number;
  value?: Value;
  /** What stood there before, in a base or above. */
  previous?: Origin;
}

export interface Entry {
  key: Value;
  value: Value;
  origin?: Origin;
}

/** A dictionary in order of insertion; `1`, `1.0` and `True` are one key, as in Python. */
export class Dict {
  readonly entries = new Map<unknown, Entry>();
  /** mmengine's ConfigDict: attributes are keys, update() merges, values put in are copied. */
  config = false;

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  /** Dictionaries side by side; of equal keys the last counts. */
  static joined(dicts: readonly Dict[]): Dict {
    const joined = new Dict();
    for (const dict of dicts)
      for (const { key, value, origin } of dict.entries.values()) joined.set(key, value, origin);
    return joined;
  }

  get size(): number {
    return this.entries.size;
  }
  get(key: Value): Value | undefined {
    return this.entries.get(identity(key))?.value;
  }
  has(key: Value): boolean {
    return this.entries.has(identity(key));
  }
  set(key: Value, value: Value, origin?: Origin): void {
    const id = identity(key);
    const entry = this.entries.get(id);
    if (!entry) this.entries.set(id, { key, value, origin });
    else {
      if (origin) entry.origin = { ...origin, previous: entry.origin && { ...entry.origin, value: entry.value } };
      entry.value = value;
    }
  }
  delete(key: Value): boolean {
    return this.entries.delete(identity(key));
  }
  keys(): Value[] {
    return [...this.entries.values()].map((entry) => entry.key);
  }
  *pairs(): Generator<[Value, Value]> {
    for (const { key, value } of this.entries.values()) yield [key, value];
  }
}

/** A set, in order of insertion. */
export class SetOf {
  readonly items = new Map<unknown, Value>();
  constructor(values: Iterable<Value> = []) {
    for (const value of values) this.add(value);
  }
  add(value: Value): void {
    const id = identity(value);
    if (!this.items.has(id)) this.items.set(id, value);
  }
  has(value: Value): boolean {
    return this.items.has(identity(value));
  }
}

/** What a key is known by: equal keys have the same. @throws PythonError for values that change. */
export function identity(key: Value): unknown {
  if (typeof key === 'string' || key === null) return key;
  if (typeof key === 'boolean') return key ? 1 : 0;
  if (typeof key === 'number') return Object.is(key, -0) ? 0 : key;
  if (typeof key === 'bigint') {
    const number = Number(key);
    return BigInt(number) === key ? number : key;
  }
  if (key instanceof Tuple) {
    const parts = key.items.map((item) => {
      const id = identity(item);
      return `${typeof id}:${typeof id === 'string' ? JSON.stringify(id) : String(id)}`;
    });
    return `\u0000(${parts.join(',')})`;
  }
  if (key instanceof Lazy) return `\u0000lazy:${key.path}`;
  throw new PythonError(`${kindOf(key)} cannot be a key. Use a string`);
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'string') return 'str';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof SetOf) return 'set';
  if (value instanceof Range) return 'range';
  if (value instanceof Stream) return value.kind;
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof Callable) return 'function';
  if (value instanceof Namespace) return 'module';
  return value instanceof Lazy ? 'class' : 'base variable';
}

/** The type with its article, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return 'None';
  const name = typeName(value);
  return `${/^[aei]/.test(name) ? 'an' : 'a'} ${name}`;
}

export const isNumeric = (value: Value): value is boolean | bigint | number =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

export function truth(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string') return value !== '';
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof SetOf) return value.items.size > 0;
  if (value instanceof Range) return value.length > 0;
  if (value instanceof View) return value.dict.size > 0;
  if (value instanceof BaseVariable) throw new PythonError(baseVariableAdvice(value));
  return true;
}

export const baseVariableAdvice = (value: BaseVariable): string =>
  `{{_base_.${value.path}}} is put in only after the file has been worked out, so nothing can be done with it here. ` +
  `Write _base_.${value.path}`;
