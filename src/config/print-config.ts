// Prints a config as a TypeScript config file, Python or JSON.

import { DetLabError } from '../errors';
import { type ConfigObject, type ConfigValue, isObject } from './data';
import { toPlainObject } from './python/plain';
import { jsonText, pythonText } from './python/print';
import { type Dict, PythonError } from './python/values';

const WIDTH = 100;

/**
 * The config as text that parses to the same values.
 *
 * @param format `ts` (a config file) or `json`.
 */
export function printConfig(config: ConfigObject, format: 'ts' | 'json' = 'ts'): string {
  if (format === 'json') return `${print(config, 0, jsonKey)}\n`;
  return `import { defineConfig } from 'detlab';\n\nexport default defineConfig(${print(config, 0, tsKey)});\n`;
}

/** A config with Python's types as text: one line of JSON, a Python file, or a TypeScript config file. */
export function printDict(dict: Dict, format: 'json' | 'py' | 'ts'): string {
  try {
    if (format === 'ts') return printConfig(toPlainObject(dict));
    return format === 'py' ? pythonText(dict) : jsonText(dict);
  } catch (error) {
    throw error instanceof PythonError ? new DetLabError(`Cannot print the config: ${error.message}`) : error;
  }
}

type KeyPrinter = (key: string) => string;
const jsonKey: KeyPrinter = (key) => JSON.stringify(key);
const tsKey: KeyPrinter = (key) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key));
const quote = (text: string) => `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

function print(value: ConfigValue, indent: number, keyText: KeyPrinter): string {
  if (typeof value === 'string') return keyText === jsonKey ? JSON.stringify(value) : quote(value);
  if (typeof value === 'number') return printNumber(value, keyText === jsonKey);
  if (value === null || typeof value === 'boolean') return String(value);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((child) => print(child, indent + 2, keyText))
    : Object.entries(value).map(([key, child]) => `${keyText(key)}: ${print(child, indent + 2, keyText)}`);
  if (!parts.length) return open + close;
  const pad = isObject(value) ? ' ' : '';
  const oneLine = `${open}${pad}${parts.join(', ')}${pad}${close}`;
  if (indent > 0 && !oneLine.includes('\n') && indent + oneLine.length <= WIDTH) return oneLine;
  const margin = ' '.repeat(indent + 2);
  const last = keyText === jsonKey ? '' : ',';
  return `${open}\n${parts.map((part) => margin + part).join(',\n')}${last}\n${' '.repeat(indent)}${close}`;
}

/** JSON has no infinity, but every parser reads 1e999 as one. */
function printNumber(value: number, json: boolean): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (!json) return String(value);
  if (Number.isNaN(value))
    throw new DetLabError('Cannot print the config as JSON: it contains NaN. Print it as TypeScript');
  return value > 0 ? '1e999' : '-1e999';
}
