// `--cfg-options a.b.c=1`: overrides values by dotted keys, with the grammar and merge rules of mmengine's DictAction.
//   value := number | true | false | None | text | [value, ...] | (value, ...) | value,value,...
// Spaces inside a value and quotes around it are dropped; `1_000`, `1e-3` and `inf` are numbers, as in Python.

import { DetLabError, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, checkKey, cloneConfig, isObject, LIMITS } from './data';
import { mergeConfig } from './merge';
import { mergeDicts } from './python/merge';
import { fromPlain, toPlain } from './python/plain';
import { Dict, Tuple, type Value } from './python/values';

/**
 * A copy of `config` with `options` set by their dotted paths; a number in a path is a list index.
 *
 * @example
 * applyOptions(config, { 'model.backbone.depth': 101, 'model.roi_head.bbox_head.0.num_classes': 3 })
 * @throws DetLabError when a path runs through a number, a string or past the end of a list.
 */
export function applyOptions(config: ConfigObject, options: Record<string, ConfigValue>): ConfigObject {
  return mergeConfig(nestOptions(options), config, { listKeys: true, child: 'the options' });
}

/**
 * Parses `a.b=1` strings to the options of `applyOptions`.
 *
 * @example parseOptionArguments(['model.neck.num_outs=6', 'a.b=[(1,2),x]']) // { 'model.neck.num_outs': 6, 'a.b': [[1, 2], 'x'] }
 */
export function parseOptionArguments(texts: readonly string[]): Record<string, ConfigValue> {
  return Object.fromEntries([...optionPairs(texts)].map(([key, value]) => [key, toPlain(value)]));
}

/** `applyOptions` for a config with Python's types. */
export function applyOptionsToDict(config: Dict, options: Record<string, ConfigValue> | readonly string[]): Dict {
  const pairs = Array.isArray(options)
    ? optionPairs(options)
    : Object.entries(options).map(([key, value]): [string, Value] => [key, fromPlain(value)]);
  const nested = new Dict();
  for (const [path, value] of pairs) {
    let at = nested;
    const keys = checkedKeys(path);
    for (const [depth, key] of keys.entries()) {
      if (depth === keys.length - 1) at.set(key, value);
      else {
        if (!at.has(key)) at.set(key, new Dict());
        const next = at.get(key);
        if (!(next instanceof Dict)) throw clash(path, keys, depth, toPlain(next as Value));
        at = next;
      }
    }
  }
  return mergeDicts(nested, config, { child: 'the options', listKeys: true });
}

function* optionPairs(texts: readonly string[]): Generator<[string, Value]> {
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1)
      throw new DetLabError(
        `Cannot read the option ${JSON.stringify(text)}: expected KEY=VALUE, e.g. model.neck.num_outs=6`,
      );
    const key = text.slice(0, equals);
    checkKey(key, text);
    const value = text.slice(equals + 1);
    yield [key, parseValue(value, value, 0)];
  }
}

/** One value of the grammar above. */
export function parseOptionValue(text: string): ConfigValue {
  return toPlain(parseValue(text, text, 0));
}

function parseValue(text: string, whole: string, depth: number): Value {
  if (depth > LIMITS.nesting)
    throw new DetLabError(
      `Cannot read the option value ${shorten(whole)}: brackets nest deeper than ${LIMITS.nesting}`,
    );
  const value = text.replace(/^['"]+|['"]+$/g, '').replaceAll(' ', '');
  // the reference reads pieces of text between its commas, or recurses without end
  if (/^(?:\{[^}]|dict\()/.test(value))
    throw new DetLabError(
      `Cannot read the option value ${shorten(whole)}: expected a number, true, false, None, text or a list of these, received an ` +
        'object. Set its keys by their paths: optim_wrapper.optimizer.lr=0.01 optim_wrapper.optimizer.type=SGD',
    );
  const tuple = /^\(.*\)$/s.test(value);
  const bracketed = tuple || /^\[.*\]$/s.test(value);
  if (!bracketed && !value.includes(',')) return parseScalar(value);
  const parts = splitAtCommas(bracketed ? value.slice(1, -1) : value, whole);
  const values = parts.map((part) => parseValue(part, whole, depth + 1));
  return tuple ? new Tuple(values) : values;
}

/** Splits at commas outside of brackets; a trailing comma adds nothing. */
function splitAtCommas(text: string, whole: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let round = 0;
  let square = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '(') round++;
    else if (char === ')') round--;
    else if (char === '[') square++;
    else if (char === ']') square--;
    else if (char === ',' && round === 0 && square === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (round !== 0 || square !== 0)
    throw new DetLabError(
      `Cannot read the option value ${shorten(whole)}: unbalanced brackets. Every ( and [ needs a ) and ]`,
    );
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}

const INTEGER = /^[+-]?\d+(_\d+)*$/;
const FLOAT = /^[+-]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/i;

function parseScalar(text: string): Value {
  const trimmed = text.trim();
  if (INTEGER.test(trimmed)) return BigInt(trimmed.replaceAll('_', '').replace('+', ''));
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll('_', ''));
  const infinite = /^([+-]?)(?:inf|infinity)$/i.exec(trimmed);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(trimmed)) return Number.NaN;
  if (text.toLowerCase() === 'true') return true;
  if (text.toLowerCase() === 'false') return false;
  return text === 'None' ? null : text;
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
function nestOptions(options: Record<string, ConfigValue>): ConfigObject {
  const nested: ConfigObject = {};
  for (const [path, value] of Object.entries(options)) {
    const keys = checkedKeys(path);
    let at = nested;
    for (const [depth, key] of keys.entries()) {
      if (depth === keys.length - 1) at[key] = cloneConfig(value);
      else {
        if (!Object.hasOwn(at, key)) at[key] = {};
        const next = at[key];
        if (!isObject(next)) throw clash(path, keys, depth, next);
        at = next;
      }
    }
  }
  return nested;
}

function checkedKeys(path: string): string[] {
  const keys = path.split('.');
  for (const key of keys) {
    if (key === '')
      throw new DetLabError(`Cannot set "${path}": the path has an empty name. Write names separated by single dots`);
    checkKey(key, path);
  }
  return keys;
}

const clash = (path: string, keys: readonly string[], depth: number, value: ConfigValue) =>
  new DetLabError(
    `Cannot set "${path}": another option sets ${keys.slice(0, depth + 1).join('.')} to ${nameOfValue(value)}`,
  );

const shorten = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
