// Any value as plain text: `util.inspect`, limited in depth, length and time, and without exceptions, whatever getters,
// proxies and cycles the value contains.

import { inspect, types } from 'node:util';

/** An error as its traceback; the session knows which lines are the cell's own. */
export type DescribeError = (error: unknown) => { traceback: string[] };

const MAX_DEPTH = 4;
const MAX_NODES = 20_000;
const MAX_KEYS = 200;
const MAX_CHARACTERS = 200_000;
const OPTIONS = { maxArrayLength: 100, maxStringLength: 10_000 } as const;

/** The number of values that `inspect` would visit to `depth`, counted up to a limit; accessors are not called. */
function weigh(value: unknown, depth: number, limit: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (types.isProxy(value) || ArrayBuffer.isView(value)) return 100;
  let count = 1;
  const add = (child: unknown) => {
    count += depth > 0 ? weigh(child, depth - 1, limit - count) : 1;
    return count < limit;
  };
  if (value instanceof Map || value instanceof Set) {
    let left = OPTIONS.maxArrayLength;
    for (const entry of value instanceof Map ? Map.prototype.values.call(value) : Set.prototype.values.call(value))
      if (left-- === 0 || !add(entry)) return count;
  }
  const keys = Object.keys(value);
  for (const key of Array.isArray(value) ? keys.slice(0, OPTIONS.maxArrayLength) : keys) {
    if (!add(Object.getOwnPropertyDescriptor(value, key)?.value)) return count;
  }
  return count;
}

/** An object with at most MAX_KEYS of its keys: `inspect` has no limit for them. */
function fewerKeys(value: unknown): { value: unknown; note: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return { value, note: '' };
  if (types.isProxy(value) || inspect.custom in value) return { value, note: '' };
  const keys = Object.keys(value);
  if (keys.length <= MAX_KEYS) return { value, note: '' };
  const part = Object.create(Object.getPrototypeOf(value));
  for (const key of keys.slice(0, MAX_KEYS))
    Object.defineProperty(part, key, Object.getOwnPropertyDescriptor(value, key)!);
  return { value: part, note: `\n... ${(keys.length - MAX_KEYS).toLocaleString('en')} more keys` };
}

function errorText(error: Error, describe: DescribeError): string {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(error))
    .filter(([, { enumerable }]) => enumerable)
    .map(([key, { value, get }]) => [key, get ? '[Getter]' : value]);
  const more = properties.length ? `\n${inspect(Object.fromEntries(properties), { depth: 1, ...OPTIONS })}` : '';
  return describe(error).traceback.join('\n') + more;
}

function unbounded(value: unknown, describe: DescribeError | undefined): string {
  if (describe && types.isNativeError(value)) return errorText(value, describe);
  const { value: shown, note } = fewerKeys(value);
  let depth = MAX_DEPTH;
  while (depth > 0 && weigh(shown, depth, MAX_NODES) >= MAX_NODES) depth--;
  return inspect(shown, { depth, ...OPTIONS }) + note;
}

/** @example textOf({ a: [1, 2] }) // '{ a: [ 1, 2 ] }' */
export function textOf(value: unknown, describe?: DescribeError): string {
  let text: string;
  try {
    text = unbounded(value, describe);
  } catch (error) {
    let reason = 'it throws an error';
    try {
      reason = String((error as Error)?.message ?? error).slice(0, 200);
    } catch {}
    text = `[${typeof value} that cannot be shown: ${reason}]`;
  }
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}\n... ${(text.length - MAX_CHARACTERS).toLocaleString('en')} more characters`;
}

/** A value inside another one, on one line of at most `length` characters. */
export function shortText(value: unknown, length = 60): string {
  let text: string;
  try {
    text =
      typeof value === 'string'
        ? value
        : inspect(fewerKeys(value).value, {
            depth: 0,
            maxArrayLength: 6,
            maxStringLength: 2 * length,
            breakLength: Number.POSITIVE_INFINITY,
          });
  } catch {
    text = `[${typeof value}]`;
  }
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
