// A pickle is a program for a stack machine (PEP 3154; protocols 0 to 5). This machine executes the instructions that build
// plain values and replaces calls by pickle-calls.ts; no name is resolved, nothing is called. The one maintained parser on
// npm builds whatever a name resolves to and has no limits. No recursion: nesting depth is unlimited.

import { DTYPE_BYTES } from '../nn/stored-tensor';
import { damaged } from './byte-source';
import { answerCall, isHostile, setState, storageOf } from './pickle-calls';
import { GlobalRef, type PickleValue, Refused, StorageRef } from './pickle-values';

const MARK = Symbol('mark');
type Slot = PickleValue | typeof MARK;

/** Longer integers than any checkpoint needs take quadratic time to parse. */
const MAX_DIGITS = 4096;

export interface Unpickled {
  value: PickleValue;
  /** Bytes read, for files with several pickles in a row. */
  length: number;
  /** Bytes per element of each storage. */
  widths: ReadonlyMap<string, number>;
}

/**
 * @param source the file, for errors
 * @throws DetLabError for a damaged pickle, and for one that would start a program or run code.
 */
export function unpickle(bytes: Uint8Array, source: { name: string }): Unpickled {
  const machine = new Machine(bytes, source);
  const value = machine.run();
  return { value, length: machine.position, widths: machine.widths };
}

class Machine {
  position = 0;
  readonly widths = new Map<string, number>();
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly source: { name: string },
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    for (;;) {
      const at = this.position;
      const op = this.uint(1);
      if (op === 0x2e) return this.pop(); // STOP
      const step = OPS[op];
      if (!step) throw this.fail(`its pickle has an unknown instruction ${op} at byte ${at}`);
      step(this);
    }
  }

  fail(what: string) {
    return damaged(this.source, `${what}. It is damaged, or not a PyTorch checkpoint`);
  }

  // reading

  private advance(length: number): number {
    const start = this.position;
    if (!Number.isSafeInteger(length) || length < 0 || start + length > this.bytes.byteLength)
      throw this.fail(`its pickle ends early: expected ${length} bytes at byte ${start} of ${this.bytes.byteLength}`);
    this.position += length;
    return start;
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const at = this.advance(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, true);
    if (width === 4) return this.view.getUint32(at, true);
    return Number(this.view.getBigUint64(at, true));
  }

  int32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  take(length: number): Uint8Array {
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const { buffer, byteOffset, byteLength } = this.take(length);
    return Buffer.from(buffer, byteOffset, byteLength).toString(encoding);
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.fail('its pickle ends within a line');
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  integer(length: number): PickleValue {
    if (length > MAX_DIGITS) throw this.fail(`its pickle has an integer of ${length} bytes`);
    let value = 0n;
    const digits = this.take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]);
    return whole(length > 0 && digits[length - 1] & 0x80 ? value - (1n << BigInt(8 * length)) : value);
  }

  decimal(): PickleValue {
    const text = this.line();
    // protocol 0 writes True as 01 and False as 00
    if (text === '01' || text === '00') return text === '01';
    const digits = text.replace(/L$/, '').trim();
    if (digits.length > MAX_DIGITS || !/^[+-]?\d+$/.test(digits)) throw this.fail('its pickle has an invalid integer');
    return whole(BigInt(digits));
  }

  // the stack

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  mark(): void {
    this.stack.push(MARK);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.fail('its pickle pops more values than it pushed');
    return value;
  }

  drop(): void {
    if (this.stack.pop() === undefined) throw this.fail('its pickle pops more values than it pushed');
  }

  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw this.fail('its pickle pops more values than it pushed');
    return value;
  }

  /** Pops everything down to the last mark. */
  toMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw this.fail('its pickle has no mark to pop to');
    const values = this.stack.splice(at + 1) as PickleValue[];
    this.stack.pop();
    return values;
  }

  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  put(key: number): void {
    this.memo.set(key, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(key: number): void {
    const value = this.memo.get(key);
    if (value === undefined) throw this.fail(`its pickle reads memo ${key}, which it never wrote`);
    this.push(value);
  }

  key(): number {
    const text = this.line();
    if (!/^\d{1,15}$/.test(text)) throw this.fail('its pickle has an invalid memo key');
    return Number(text);
  }

  // objects

  global(module: string, name: string): GlobalRef {
    // Python 2's module name
    const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
    if (isHostile(full))
      throw damaged(
        this.source,
        `it calls the Python function ${full.slice(0, 80)}, which runs programs or code: no legitimate checkpoint does. ` +
          'No code was run. Do not load it in Python either; get the weights from a source you trust, as .safetensors',
      );
    return new GlobalRef(full.slice(0, 200));
  }

  call(callable: PickleValue, args: PickleValue): PickleValue {
    const name = callable instanceof GlobalRef || callable instanceof Refused ? callable.name : 'an unknown function';
    const list = Array.isArray(args) ? args : [];
    return (
      (callable instanceof GlobalRef ? answerCall(name, list) : undefined) ?? new Refused(describeCall(name, list))
    );
  }

  persistent(id: PickleValue): PickleValue {
    const storage = storageOf(id);
    const width = storage instanceof StorageRef ? DTYPE_BYTES[storage.dtype] : refusedWidth(storage);
    if (width !== undefined && Array.isArray(id) && typeof id[2] === 'string') this.widths.set(id[2], width);
    return storage;
  }

  setItems(target: PickleValue, items: PickleValue[]): void {
    if (items.length % 2 === 1) throw this.fail('its pickle has a key without a value');
    if (target instanceof Map) for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
    else if (!(target instanceof Refused)) throw this.fail('its pickle sets items of a value that is not a dict');
  }

  append(target: PickleValue, items: PickleValue[]): void {
    if (Array.isArray(target)) for (const item of items) target.push(item);
    else if (target instanceof Set) for (const item of items) target.add(item);
    else if (!(target instanceof Refused)) throw this.fail('its pickle appends to a value that is not a list');
  }

  /** State set on an object after construction: that of a NumPy array is kept, attributes of an OrderedDict are ignored. */
  build(): void {
    const state = this.pop();
    setState(this.top(), state);
  }
}

/** A bound method or attribute, pickled as `getattr(Class, 'name')`, is reported as Class.name. */
function describeCall(name: string, args: PickleValue[]): string {
  const [of, attribute] = args;
  if (
    name === 'builtins.getattr' &&
    (of instanceof GlobalRef || of instanceof Refused) &&
    typeof attribute === 'string'
  )
    return `${of.name}.${attribute.slice(0, 80)}`;
  // copyreg's constructors have the class as first argument
  if (/^(copyreg|copy_reg)\.(_reconstructor|__newobj__)$/.test(name) && of instanceof GlobalRef) return of.name;
  return name;
}

/** Element size of storages that are not read but precede others in a legacy file. */
function refusedWidth(value: PickleValue): number | undefined {
  if (!(value instanceof Refused)) return undefined;
  if (value.name.endsWith('.ComplexFloatStorage')) return 8;
  return value.name.endsWith('.ComplexDoubleStorage') ? 16 : undefined;
}

const whole = (value: bigint): PickleValue =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const code = (letter: string) => letter.charCodeAt(0);

const newObject = (m: Machine, type: PickleValue, args: PickleValue) => {
  m.push(m.call(type, args));
};

const OPS: Record<number, ((m: Machine) => void) | undefined> = {
  128: (m) => {
    const protocol = m.uint(1);
    if (protocol > 5) throw m.fail(`expected pickle protocol 0 to 5, received ${protocol}`);
  },
  149: (m) => void m.uint(8), // FRAME
  [code('(')]: (m) => m.mark(),
  [code('0')]: (m) => m.drop(),
  [code('1')]: (m) => void m.toMark(),
  [code('2')]: (m) => m.push(m.top()),
  // constants
  [code('N')]: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  [code('K')]: (m) => m.push(m.uint(1)),
  [code('M')]: (m) => m.push(m.uint(2)),
  [code('J')]: (m) => m.push(m.int32()),
  [code('I')]: (m) => m.push(m.decimal()),
  [code('L')]: (m) => m.push(m.decimal()),
  138: (m) => m.push(m.integer(m.uint(1))),
  139: (m) => m.push(m.integer(m.uint(4))),
  [code('G')]: (m) => m.push(m.double()),
  [code('F')]: (m) => m.push(Number(m.line())),
  [code('X')]: (m) => m.push(m.text(m.uint(4))),
  140: (m) => m.push(m.text(m.uint(1))),
  141: (m) => m.push(m.text(m.uint(8))),
  [code('V')]: (m) => m.push(m.line()),
  [code('S')]: (m) => m.push(m.line().replace(/^(['"])(.*)\1$/, '$2')),
  [code('U')]: (m) => m.push(m.text(m.uint(1), 'latin1')),
  [code('T')]: (m) => m.push(m.text(m.uint(4), 'latin1')),
  [code('B')]: (m) => m.push(m.take(m.uint(4))),
  [code('C')]: (m) => m.push(m.take(m.uint(1))),
  142: (m) => m.push(m.take(m.uint(8))),
  150: (m) => m.push(m.take(m.uint(8))),
  // containers
  [code(')')]: (m) => m.push([]),
  [code('t')]: (m) => m.push(m.toMark()),
  133: (m) => m.push(m.popMany(1)),
  134: (m) => m.push(m.popMany(2)),
  135: (m) => m.push(m.popMany(3)),
  [code(']')]: (m) => m.push([]),
  [code('l')]: (m) => m.push(m.toMark()),
  [code('a')]: (m) => {
    const item = m.pop();
    m.append(m.top(), [item]);
  },
  [code('e')]: (m) => {
    const items = m.toMark();
    m.append(m.top(), items);
  },
  [code('}')]: (m) => m.push(new Map()),
  [code('d')]: (m) => {
    const map = new Map<PickleValue, PickleValue>();
    m.setItems(map, m.toMark());
    m.push(map);
  },
  [code('s')]: (m) => {
    const items = m.popMany(2);
    m.setItems(m.top(), items);
  },
  [code('u')]: (m) => {
    const items = m.toMark();
    m.setItems(m.top(), items);
  },
  143: (m) => m.push(new Set()),
  144: (m) => {
    const items = m.toMark();
    m.append(m.top(), items);
  },
  145: (m) => m.push(new Set(m.toMark())),
  // memo
  [code('p')]: (m) => m.put(m.key()),
  [code('q')]: (m) => m.put(m.uint(1)),
  [code('r')]: (m) => m.put(m.uint(4)),
  148: (m) => m.memoize(),
  [code('g')]: (m) => m.get(m.key()),
  [code('h')]: (m) => m.get(m.uint(1)),
  [code('j')]: (m) => m.get(m.uint(4)),
  // objects
  [code('c')]: (m) => m.push(m.global(m.line(), m.line())),
  147: (m) => {
    const [module, name] = m.popMany(2);
    m.push(m.global(String(module), String(name)));
  },
  [code('R')]: (m) => {
    const [callable, args] = m.popMany(2);
    m.push(m.call(callable, args));
  },
  [code('i')]: (m) => {
    const type = m.global(m.line(), m.line());
    newObject(m, type, m.toMark());
  },
  [code('o')]: (m) => {
    const [type, ...args] = m.toMark();
    if (type === undefined) throw m.fail('its pickle constructs an object without a class');
    newObject(m, type, args);
  },
  129: (m) => {
    const [type, args] = m.popMany(2);
    newObject(m, type, args);
  },
  146: (m) => {
    const [type, args] = m.popMany(3);
    newObject(m, type, args);
  },
  [code('b')]: (m) => m.build(),
  [code('P')]: (m) => m.push(m.persistent(m.line())),
  [code('Q')]: (m) => m.push(m.persistent(m.pop())),
};
