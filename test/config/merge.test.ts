// mmengine's rules of inheritance: the reference's own corner cases, then each rule by itself.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigObject, mergeConfig, readConfigFile } from '../../src/config';
import { joinBases } from '../../src/config/merge';
import { goldenJson } from '../golden-data';
import { complaint, scratch } from './scratch';

interface Rule {
  merged: ConfigObject;
}
const rules = goldenJson<Record<string, Rule>>('config_rules');
const mergedOf = (name: string) => goldenJson<Rule>(name).merged;
const faster = path.join(__dirname, '../../configs/_base_/models/faster-rcnn_r50_fpn.ts');
const runtime = path.join(__dirname, '../../configs/_base_/default_runtime.ts');

const merged = (files: Record<string, unknown>, file: string) => readConfigFile(path.join(scratch(files), file)).config;

test('aug_cascade: three bases, null over an object, a type that changes', () => {
  const { model: _, ...rest } = mergedOf('config_mask_r50_cityscapes');
  const data = Object.fromEntries(
    Object.keys(rest).flatMap((key) =>
      /^data|^backend|pipeline|dataloader|evaluator/.test(key) ? [[key, rest[key]]] : [],
    ),
  );
  const child = `export default {
    _base_: ['./cascade', './cityscapes.json', ${JSON.stringify(runtime)}],
    model: { backbone: { init_cfg: null }, neck: { type: 'AugFPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, num_outs: 5 } },
  }`;
  const files = {
    'child.ts': child,
    'cascade.json': { model: mergedOf('config_cascade_mask_r50').model },
    'cityscapes.json': data,
  };
  expect(merged(files, 'child.ts')).toEqual(rules.aug_cascade.merged);
});

test('delete_hrnet: _delete_ drops what was inherited', () => {
  const child = {
    _base_: './mask.json',
    model: {
      backbone: { _delete_: true, type: 'HRNet', extra: { stage1: { num_modules: 1 } } },
      neck: { _delete_: true, type: 'HRFPN', in_channels: [32, 64, 128, 256], out_channels: 256 },
    },
  };
  const files = { 'child.json': child, 'mask.json': { model: mergedOf('config_mask_rcnn_r50').model } };
  expect(merged(files, 'child.json')).toEqual(rules.delete_hrnet.merged);
});

test('base_var: values of the base by import', () => {
  const child = `import base from './retina';
    const a = base.model.neck.out_channels;
    export default { _base_: './retina', a, b: { x: base.model.backbone, s: '{{fileBasenameNoExtension}}' }, model: { neck: { out_channels: a } } };`;
  const files = { 'base_var.ts': child, 'retina.json': { model: mergedOf('config_retinanet_r50').model } };
  const { b, ...rest } = merged(files, 'base_var.ts') as { b: { x: object; s: string } } & ConfigObject;
  const { b: expected, ...expectedRest } = rules.base_var.merged as { b: { x: object; s: string } } & ConfigObject;
  expect(rest).toEqual(expectedRest);
  expect(b.x).toEqual(expected.x);
  expect(b.s).toBe('base_var');
});

test('type_mismatch_error: a list or a number over an object replaces it', () => {
  const child = { _base_: faster, model: { roi_head: { bbox_head: [{ num_classes: 1 }] }, backbone: 3 } };
  expect(merged({ 'child.json': child }, 'child.json')).toEqual(rules.type_mismatch_error.merged);
});

test('child_dict_over_nondict: an object cannot inherit from a list', () => {
  const files = {
    'child.json': { _base_: './base', model: { roi_head: { bbox_head: { num_classes: 1 } } } },
    'base.json': {
      model: { roi_head: { bbox_head: [{ num_classes: 80 }, { num_classes: 80 }, { num_classes: 80 }] } },
    },
  };
  expect(complaint(() => merged(files, 'child.json'))).toMatch(
    /child.json into its base at model.roi_head.bbox_head: an object cannot inherit from a list of 3.*_delete_: true/s,
  );
});

test('dup_key_error: two bases must not share a key', () => {
  const files = {
    'child.json': { _base_: ['./a', './b'] },
    'a.json': { model: 1, x: 1 },
    'b.json': { model: 2, y: 1 },
  };
  expect(complaint(() => merged(files, 'child.json'))).toMatch(
    /the base .\/b sets keys of another base: "model" \(.\/a\)/,
  );
  expect(
    joinBases(
      [
        { name: 'a', config: { x: 1 } },
        { name: 'b', config: { y: null } },
      ],
      'c',
    ),
  ).toEqual({ x: 1, y: null });
});

test('neither side is changed, and the result shares nothing with the child', () => {
  const base = { a: { b: 1, c: [1] } };
  const child = { a: { c: [2, { d: 3 }] } };
  const result = mergeConfig(child, base) as { a: { b: number; c: [number, { d: number }] } };
  expect(result).toEqual({ a: { b: 1, c: [2, { d: 3 }] } });
  result.a.c[1].d = 4;
  expect(child.a.c).toEqual([2, { d: 3 }]);
  expect(base).toEqual({ a: { b: 1, c: [1] } });
});

test('_delete_: false merges, and a _delete_ with nothing to delete stays, as in mmengine', () => {
  expect(mergeConfig({ a: { _delete_: false, x: 1 } }, { a: { y: 2 } })).toEqual({ a: { x: 1, y: 2 } });
  expect(mergeConfig({ a: { _delete_: true, x: 1 } }, { b: 1 })).toEqual({ a: { _delete_: true, x: 1 }, b: 1 });
  expect(mergeConfig({ a: { _delete_: true, x: 1 } }, { a: 5 })).toEqual({ a: { x: 1 } });
  expect(complaint(() => mergeConfig({ a: { x: 1 } }, { a: null }))).toMatch(
    /at a: an object cannot inherit from null/,
  );
});

test('keys keep their order: the base first, then what the child adds', () => {
  expect(Object.keys(mergeConfig({ z: 1, b: 2 }, { b: 1, a: 1 }))).toEqual(['b', 'a', 'z']);
});
