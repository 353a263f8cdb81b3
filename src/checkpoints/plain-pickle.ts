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
    return plain(unpickle(bytes, { name }).value, 0, new Map());
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    throw new DetLabError(
      error.message
        .replace('Cannot read the checkpoint', 'Cannot read')
        .replace(' or not a PyTorch checkpoint', ' or no pickle'),
    );
  }
}

/** @param done what is converted already: a value that is in several places is one, and absent within itself */
function plain(value: PickleValue, depth: number, done: Map<PickleValue, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (done.has(value)) return done.get(value);
  if (depth > MAX_DEPTH) return undefined;
  done.set(value, undefined);
  const converted = container(value, (inner) => plain(inner, depth + 1, done));
  done.set(value, converted);
  return converted;
}

const scalar = (value: PickleValue): unknown => (typeof value === 'bigint' ? Number(value) : value);

function container(value: PickleValue, convert: (inner: PickleValue) => unknown): unknown {
  if (value instanceof NumpyArray) return value.values && nested(value.values, value.shape);
  if (value instanceof Refused) return undefined;
  if (Array.isArray(value)) return value.map(convert);
  if (value instanceof Set) return [...value].map(convert);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (!(value instanceof Map)) return value;
  const fields: Record<string, unknown> = {};
  for (const [key, inner] of value)
    if (typeof key === 'string' || typeof key === 'number')
      Object.defineProperty(fields, key, {
        value: convert(inner),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  return fields;
}

/** [2, 4] values as two lists of four. */
function nested(values: readonly number[], shape: readonly number[]): unknown {
  // no work for a shape such as [1e9, 0]
  if (values.length === 0) return [];
  if (shape.length === 0) return values[0];
  if (shape.length === 1) return [...values];
  const [rows, ...rest] = shape;
  const width = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: rows }, (_, i) => nested(values.slice(i * width, (i + 1) * width), rest));
}
