// A widget's state as messages carry it: JSON, with references to other widgets as `IPY_MODEL_<id>`, and bytes beside
// it, each with its path.

export type FrontEndState = Record<string, unknown>;

export interface WireState {
  state: FrontEndState;
  /** Path of each buffer. */
  buffer_paths: (string | number)[][];
  buffers: ArrayBufferView[];
}

/** What stands for a widget in the state of another. */
export interface Referable {
  /** Its id in the front end, where it is opened if it is not. */
  reference(): string;
}

const isReferable = (value: object): value is Referable =>
  typeof (value as Partial<Referable>).reference === 'function';

const isBytes = (value: unknown): value is ArrayBuffer | ArrayBufferView =>
  value instanceof ArrayBuffer || ArrayBuffer.isView(value);

/** Takes the bytes out of a state: objects lose the key, lists keep a null. */
export function toWire(state: FrontEndState): WireState {
  const buffer_paths: WireState['buffer_paths'] = [];
  const buffers: ArrayBufferView[] = [];
  const plain = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isBytes(value)) {
      buffer_paths.push(path);
      buffers.push(ArrayBuffer.isView(value) ? value : new Uint8Array(value));
      return null;
    }
    if (isReferable(value)) return `IPY_MODEL_${value.reference()}`;
    if (Array.isArray(value)) return value.map((item, i) => plain(item, [...path, i]));
    const entries = Object.entries(value).map(([key, item]) => [key, item, plain(item, [...path, key])] as const);
    return Object.fromEntries(entries.filter(([, item]) => !isBytes(item)).map(([key, , sent]) => [key, sent]));
  };
  return { state: plain(state, []) as FrontEndState, buffer_paths, buffers };
}

const MAX_DEPTH = 100;

/** What in a value a page could not receive, which has JSON and bytes; undefined when all can be sent. */
export function unsendable(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `the number ${value}`;
  if (['function', 'symbol', 'bigint'].includes(typeof value)) return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null || isBytes(value) || isReferable(value)) return undefined;
  if (depth > MAX_DEPTH) return 'an object in itself';
  for (const item of Object.values(value)) {
    const found = unsendable(item, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/** Puts received bytes into their places. */
export function fromWire(state: FrontEndState, paths: unknown, buffers: readonly Uint8Array[]): FrontEndState {
  if (!Array.isArray(paths)) return state;
  for (const [i, path] of paths.entries()) {
    if (!Array.isArray(path) || path.length === 0 || !buffers[i]) continue;
    let owner: unknown = state;
    for (const key of path.slice(0, -1)) owner = (owner as Record<string, unknown> | undefined)?.[String(key)];
    if (typeof owner === 'object' && owner !== null)
      (owner as Record<string, unknown>)[String(path.at(-1))] = buffers[i];
  }
  return state;
}

/** `continuousUpdate` -> `continuous_update`. */
export const frontEndName = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
