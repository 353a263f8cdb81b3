// Python's str() and repr().

import { chargeText, checkDepth } from './budget';
import {
  BaseVariable,
  baseVariableAdvice,
  Dict,
  kindOf,
  Lazy,
  PythonError,
  Range,
  SetOf,
  Tuple,
  type Value,
  View,
} from './values';

export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Lazy) return value.name;
  return repr(value);
}

export function repr(value: Value, depth = 0): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'string') return quote(value);
  checkDepth(depth);
  if (Array.isArray(value)) return `[${joined(value, depth)}]`;
  if (value instanceof Tuple) return `(${joined(value.items, depth)}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof SetOf) return value.items.size ? `{${joined([...value.items.values()], depth)}}` : 'set()';
  if (value instanceof Range)
    return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`;
  if (value instanceof Dict) {
    const parts = [...value.pairs()].map(([key, item]) => `${repr(key, depth + 1)}: ${repr(item, depth + 1)}`);
    return checked(`{${parts.join(', ')}}`);
  }
  if (value instanceof View) {
    const { dict, kind } = value;
    const parts = [...dict.pairs()].map(([key, item]) =>
      kind === 'keys' ? key : kind === 'values' ? item : new Tuple([key, item]),
    );
    return `dict_${kind}([${joined(parts, depth)}])`;
  }
  if (value instanceof Lazy) return value.name;
  if (value instanceof BaseVariable) throw new PythonError(baseVariableAdvice(value));
  throw new PythonError(`${kindOf(value)} cannot be converted to a string in a config. Write the string itself`);
}

function joined(values: readonly Value[], depth: number): string {
  return checked(values.map((item) => repr(item, depth + 1)).join(', '));
}

function checked(text: string): string {
  chargeText(text.length);
  return text;
}

/** The shortest text that parses to the same float: `0.1`, `1.0`, `1e-05`, `1e+16`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [, sign, first, rest = '', exponentText] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
    value.toExponential(),
  ) as string[] & RegExpExecArray;
  const exponent = Number(exponentText);
  const digits = first + rest;
  if (exponent < -4 || exponent >= 16) {
    const shown = Math.abs(exponent).toString().padStart(2, '0');
    return `${sign}${first}${rest ? `.${rest}` : ''}e${exponent < 0 ? '-' : '+'}${shown}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, '0');
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || '0'}`;
}

/** A string in quotes, as by repr(). */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = '';
  for (const char of text) quoted += escaped(char, mark);
  return mark + quoted + mark;
}

const NAMED: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

function escaped(char: string, mark: string): string {
  if (char === mark) return `\\${char}`;
  if (NAMED[char]) return NAMED[char];
  if (char === ' ' || !UNPRINTABLE.test(char)) return char;
  const code = char.codePointAt(0) as number;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
