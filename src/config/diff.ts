// The differences of two configs, path by path.

import { keyText, toPlain } from './python/plain';
import { jsonText } from './python/print';
import { Dict, Tuple, type Value } from './python/values';

export interface Difference {
  path: string;
  /** The value in the first config as JSON; undefined when it has none. */
  first?: string;
  second?: string;
}

/** Differences in the order of the first config, then those of the second alone. Lists of equal length are compared by item. */
export function diffConfigs(first: Dict, second: Dict): Difference[] {
  return [...differences(first, second, '')];
}

function* differences(a: Value | undefined, b: Value | undefined, path: string): Generator<Difference> {
  const [x, y] = [parts(a), parts(b)];
  if (x && y && x.kind === y.kind && (x.kind === 'dict' || x.entries.size === y.entries.size)) {
    for (const key of new Set([...x.entries.keys(), ...y.entries.keys()]))
      yield* differences(x.entries.get(key), y.entries.get(key), path ? `${path}.${key}` : key);
    return;
  }
  // 1 and 1.0, a list and a tuple build the same module
  const [first, second] = [a, b].map((value) => (value === undefined ? undefined : JSON.stringify(toPlain(value))));
  if (first !== second)
    yield { path, first: a === undefined ? a : jsonText(a), second: b === undefined ? b : jsonText(b) };
}

function parts(value: Value | undefined): { kind: string; entries: Map<string, Value> } | undefined {
  if (value instanceof Dict)
    return { kind: 'dict', entries: new Map([...value.pairs()].map(([key, item]) => [keyText(key), item])) };
  // lists of plain values are reported as a whole
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (!items?.some((item) => item instanceof Dict)) return undefined;
  return { kind: 'list', entries: new Map(items.map((item, i) => [String(i), item])) };
}
