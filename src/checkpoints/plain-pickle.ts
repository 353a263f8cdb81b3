// A pickle of plain data, as lists of annotations are: dicts become objects, NumPy arrays nested lists. No code is run.

import { DetLabError } from '../errors';
import { unpickle } from './pickle-machine';
import { NumpyArray, type PickleValue, Refused } from './pickle-values';

const MAX_DEPTH = 64;

/**
 * The value of a pickle; objects of other classes are absent.
 * @throws DetLabError naming the file for a damaged pickle, and for one that would run code
 */
export function plainPickle(bytes: Uint8Array, name: string): unknown {
  try {
    return plain(unpickle(bytes, { name }).value, 0);
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    throw new DetLabError(
      error.message
        .replace('Cannot read the checkpoint', 'Cannot read')
        .replace(' or not a PyTorch checkpoint', ' or no pickle'),
    );
  }
}

function plain(value: PickleValue, depth: number): unknown {
  if (depth > MAX_DEPTH) return undefined;
  if (value instanceof NumpyArray) return value.values && nested(value.values, value.shape);
  if (value instanceof Refused) return undefined;
  if (Array.isArray(value)) return value.map((inner) => plain(inner, depth + 1));
  if (value instanceof Set) return [...value].map((inner) => plain(inner, depth + 1));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'bigint') return Number(value);
  if (!(value instanceof Map)) return value;
  const fields: Record<string, unknown> = {};
  for (const [key, inner] of value)
    if (typeof key === 'string' || typeof key === 'number')
      Object.defineProperty(fields, key, {
        value: plain(inner, depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  return fields;
}

/** [2, 4] values as two lists of four. */
function nested(values: readonly number[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  if (shape.length === 1) return [...values];
  const [rows, ...rest] = shape;
  const width = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: rows }, (_, i) => nested(values.slice(i * width, (i + 1) * width), rest));
}
