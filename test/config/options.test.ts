// `--cfg-options`: the reference's cases, the grammar of values, and what cannot be set.

import { expect, test } from 'vitest';
import {
  applyOptions,
  type ConfigObject,
  type ConfigValue,
  loadConfig,
  parseOptionArguments,
  parseOptionValue,
} from '../../src/config';
import { applyOptionsToDict } from '../../src/config/options';
import { fromPlainObject } from '../../src/config/python/plain';
import { Dict, Tuple, type Value } from '../../src/config/python/values';
import { DetLabError } from '../../src/errors';
import { goldenJson } from '../golden-data';
import { complaint } from './scratch';

interface Case {
  options: Record<string, ConfigValue>;
  merged: ConfigObject;
}
const cases = goldenJson<Record<string, Case>>('config_cfg_options');
const faster = loadConfig('_base_/models/faster-rcnn_r50_fpn').config;
// the reference's Cascade R-CNN, from the case that changes one number of it
const cascade = applyOptions(cases.cascade_list_index.merged, { 'model.roi_head.bbox_head.0.num_classes': 80 });

test('faster_dotted: dotted keys, new keys, whole lists', () => {
  expect(applyOptions(faster, cases.faster_dotted.options)).toEqual(cases.faster_dotted.merged);
});

test('cascade_list_index: a number in a path reaches into a list', () => {
  const result = applyOptions(cascade, cases.cascade_list_index.options);
  expect(result).toEqual(cases.cascade_list_index.merged);
  const heads = (result as { model: { roi_head: { bbox_head: { num_classes: number }[] } } }).model.roi_head.bbox_head;
  expect(heads.map((head) => head.num_classes)).toEqual([7, 80, 80]);
});

test('what the reference refuses is refused, and says why', () => {
  expect(complaint(() => applyOptions(cascade, cases.list_scalar_index.options))).toMatch(
    /Cannot set model.roi_head.stage_loss_weights.1 by its index: .*the number 0.25 for the number 0.5.*stage_loss_weights=\[/,
  );
  expect(complaint(() => applyOptions(cascade, cases.list_index_out_of_range.options))).toMatch(
    /index 9 is past the end of model.roi_head.bbox_head, a list of 3 \(0 to 2\)/,
  );
  expect(complaint(() => applyOptions(faster, cases.dict_over_scalar.options))).toMatch(
    /at model.backbone.depth: an object cannot inherit from the number 50/,
  );
  expect(complaint(() => applyOptions(cascade, { 'model.roi_head.bbox_head.first.num_classes': 7 }))).toMatch(
    /"first" must be an index from 0 to 2/,
  );
});

test('_delete_ works in options, and options do not share values with the caller', () => {
  const own = { c: 1 };
  const result = applyOptions({ a: { b: 1 } }, { 'a._delete_': true, 'a.x': own, 'a.x.d': 2 });
  expect(result).toEqual({ a: { x: { c: 1, d: 2 } } });
  expect(own).toEqual({ c: 1 });
});

test.each<[string, ConfigValue]>([
  ['1', 1],
  ['-5', -5],
  ['1_000', 1000],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1e-3', 0.001],
  ['inf', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['true', true],
  ['FALSE', false],
  ['None', null],
  ['none', 'none'],
  ['null', 'null'],
  ['', ''],
  ['text', 'text'],
  ['1,2,3', [1, 2, 3]],
  ['1,', [1]],
  ['(1,)', [1]],
  ['[]', []],
  ['()', []],
  ['[a, b, c]', ['a', 'b', 'c']],
  ['[(1, 2, 3), [a, b], c]', [[1, 2, 3], ['a', 'b'], 'c']],
  ["'quoted'", 'quoted'],
  ['"[1,2]"', [1, 2]],
  ['a b', 'ab'],
  ['0x10', '0x10'],
  ['1__0', '1__0'],
  ['http://x/y=z', 'http://x/y=z'],
  ['[1,[2,[3,[4]]]]', [1, [2, [3, [4]]]]],
])('the value %s', (text, value) => {
  expect(parseOptionValue(text)).toEqual(value);
});

test('KEY=VALUE arguments: the first = divides, the last of one key counts', () => {
  expect(parseOptionArguments(['a.b=1', 'c=x=y', 'a.b=[1,2]'])).toEqual({ 'a.b': [1, 2], c: 'x=y' });
});

test('what is no option is refused', () => {
  expect(complaint(() => parseOptionArguments(['model.neck']))).toMatch(/expected KEY=VALUE/);
  expect(complaint(() => parseOptionArguments(['=1']))).toMatch(/expected KEY=VALUE/);
  expect(complaint(() => parseOptionValue('[1,[2]'))).toMatch(/unbalanced brackets/);
  for (const object of ['{"type":"SGD","lr":0.1}', '{a:1}', "[{'type': 'SGD'}]", 'dict(type=SGD, lr=0.1)'])
    expect(
      complaint(() => parseOptionValue(object)),
      object,
    ).toMatch(/received an object\. Set its keys by their paths/);
  expect(parseOptionValue('runs/{epoch}')).toBe('runs/{epoch}');
  expect(complaint(() => parseOptionValue(`${'['.repeat(200)}${']'.repeat(200)}`))).toMatch(/nest deeper/);
  expect(complaint(() => applyOptions({}, { 'a..b': 1 }))).toMatch(/the path has an empty name/);
  expect(complaint(() => applyOptions({}, { a: 1, 'a.b': 2 }))).toMatch(/another option sets a to the number 1/);
  expect(complaint(() => applyOptions({}, { 'a.__proto__.polluted': true }))).toMatch(/__proto__/);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

interface Grammar {
  config: Record<string, never>;
  cases: [args: string[], merged: Record<string, unknown> | null][];
}

const grammar = goldenJson<Grammar>('config_options_grammar');

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
  expect(grammar.cases.length).toBeGreaterThan(300);
  for (const [args, wanted] of grammar.cases) {
    let merged: unknown;
    try {
      merged = plain(applyOptionsToDict(fromPlainObject(grammar.config), args));
    } catch (error) {
      expect(error, args.join(' ')).toBeInstanceOf(DetLabError);
      merged = null;
    }
    if (merged && args[0].startsWith('k=')) merged = { k: (merged as Record<string, unknown>).k };
    expect([args, merged]).toEqual([args, floats(wanted)]);
  }
});
