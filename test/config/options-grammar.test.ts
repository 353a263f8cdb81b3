// `--cfg-options` beside mmengine's: several hundred arguments, and what comes of them.

import { expect, test } from 'vitest';
import { applyOptionsToDict } from '../../src/config/options';
import { fromPlainObject } from '../../src/config/python/plain';
import { Dict, Tuple, type Value } from '../../src/config/python/values';
import { DetLabError } from '../../src/errors';
import { goldenJson } from '../golden-data';

interface Grammar {
  config: Record<string, never>;
  cases: [args: string[], merged: Record<string, unknown> | null][];
}
const { config, cases } = goldenJson<Grammar>('config_options_grammar');

/** As the golden file has it; floats by value, since two languages write them differently. */
function plain(value: Value): unknown {
  if (value instanceof Dict)
    return Object.fromEntries([...value.pairs()].map(([key, item]) => [String(key), plain(item)]));
  if (value instanceof Tuple) return { $t: value.items.map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' ? { $f: value } : value;
}

const NOT_JSON: Record<string, number> = {
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
};
const floats = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(floats);
  if (typeof value !== 'object' || value === null) return value;
  if ('$f' in value) return { $f: NOT_JSON[String(value.$f)] ?? Number(value.$f) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, floats(item)]));
};

test('every argument means what it means to mmengine, or is refused where mmengine refuses', () => {
  expect(cases.length).toBeGreaterThan(300);
  for (const [args, wanted] of cases) {
    let merged: unknown;
    try {
      merged = plain(applyOptionsToDict(fromPlainObject(config), args));
    } catch (error) {
      expect(error, args.join(' ')).toBeInstanceOf(DetLabError);
      merged = null;
    }
    if (merged && args[0].startsWith('k=')) merged = { k: (merged as Record<string, unknown>).k };
    expect([args, merged]).toEqual([args, floats(wanted)]);
  }
});
