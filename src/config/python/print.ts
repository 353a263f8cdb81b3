// Prints a config's values as JSON, with floats distinct from ints, or as Python that mmengine parses to the same values.

import { chargeText, checkDepth } from './budget';
import { keyText, listItems } from './plain';
import { floatText, quote, repr } from './text-form';
import { Dict, kindOf, Lazy, PythonError, Range, SetOf, Tuple, type Value } from './values';

/** One line of JSON. Infinity is 1e999, which every parser reads as infinity. @throws PythonError for NaN. */
export function jsonText(value: Value, depth = 0): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return jsonFloat(value);
  checkDepth(depth);
  if (value instanceof Lazy) return JSON.stringify(value.path);
  const inside = (item: Value) => jsonText(item, depth + 1);
  if (value instanceof Dict)
    return checked(
      `{${[...value.pairs()].map(([key, item]) => `${JSON.stringify(keyText(key))}: ${inside(item)}`).join(', ')}}`,
    );
  const items = listItems(value);
  if (items) return checked(`[${items.map(inside).join(', ')}]`);
  throw new PythonError(`${kindOf(value)} is not data and cannot be printed`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) throw new PythonError('JSON has no NaN. Print the config with --py or --ts');
  return Number.isFinite(value) ? floatText(value) : value > 0 ? '1e999' : '-1e999';
}

/** Limits the printed text to the size of many files. */
function checked(text: string): string {
  chargeText(Math.min(text.length, 1000));
  return text;
}

const WIDTH = 79;
const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if ' +
    'import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

/** A Python file that sets every top-level key. */
export function pythonText(config: Dict): string {
  const lines: string[] = [];
  const others: string[] = [];
  for (const [key, value] of config.pairs()) {
    if (isName(key) && !key.startsWith('__') && key !== '_base_')
      lines.push(`${key} = ${python(value, 0, key.length + 3)}`);
    else others.push(repr(key));
  }
  if (others.length)
    throw new PythonError(
      `a Python config cannot set the top-level key ${others[0]}: not a Python name. Print with --json or --ts`,
    );
  return `${lines.join('\n')}\n`;
}

const isName = (key: Value): key is string =>
  typeof key === 'string' && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(key) && !KEYWORDS.has(key);

function python(value: Value, indent: number, before: number): string {
  checkDepth(Math.floor(indent / 4));
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : `float('${floatText(value)}')`;
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return repr(value);
  if (value instanceof Lazy) return quote(value.path);
  if (value instanceof Range) return repr(value);
  if (value instanceof SetOf && value.items.size === 0) return 'set()';
  const [open, close, parts] = parenthesized(value, indent + 4);
  const trailing = value instanceof Tuple && parts.length === 1 ? ',' : '';
  const line = `${open}${parts.join(', ')}${trailing}${close}`;
  if (!parts.length || (!line.includes('\n') && indent + before + line.length <= WIDTH)) return line;
  const margin = ' '.repeat(indent + 4);
  return `${open}\n${parts.map((part) => `${margin}${part},\n`).join('')}${' '.repeat(indent)}${close}`;
}

function parenthesized(value: Value, indent: number): [open: string, close: string, parts: string[]] {
  if (value instanceof Dict) {
    const pairs = [...value.pairs()];
    const named = pairs.length > 0 && pairs.every(([key]) => isName(key));
    const parts = pairs.map(([key, item]) => {
      const name = named ? `${String(key)}=` : `${python(key, indent, 0)}: `;
      return name + python(item, indent, name.length + 1);
    });
    return named ? ['dict(', ')', parts] : ['{', '}', parts];
  }
  const items = listItems(value);
  if (!items) throw new PythonError(`${kindOf(value)} is not data and cannot be printed`);
  const parts = items.map((item) => python(item, indent, 1));
  if (Array.isArray(value)) return ['[', ']', parts];
  return value instanceof Tuple ? ['(', ')', parts] : ['{', '}', parts];
}
