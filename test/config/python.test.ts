// Python configs: the constructs, and what mmengine makes of each.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { printDict, readConfigFile } from '../../src/config';
import { goldenJson } from '../golden-data';
import { typed } from './python/typed';
import { complaint, scratch } from './scratch';

/** The values of one file `a.py`, and of `files` beside it. */
const read = (text: string, files: Record<string, string> = {}) =>
  readConfigFile(path.join(scratch({ 'a.py': text, ...files }), 'a.py'), { environment: { HERE: 'x/y' } }).config;

test('a config with a base, deletion and base variables', () => {
  const base =
    "model = dict(type='A', neck=dict(type='FPN', num_outs=5), backbone=dict(depth=50))\nscale = (1333, 800)\n";
  const child = `_base_ = './base.py'
model = dict(backbone=dict(_delete_=True, type='B'), neck=dict(num_outs={{_base_.scale}}))
twice = _base_.scale[0] * 2
name = '{{ fileBasenameNoExtension }}'
root = '{{$HERE:none}}/{{$GONE:some}}'
`;
  expect(read(child, { 'base.py': base })).toEqual({
    model: { type: 'A', neck: { type: 'FPN', num_outs: [1333, 800] }, backbone: { type: 'B' } },
    scale: [1333, 800],
    twice: 2666,
    name: 'a',
    root: 'x/y/some',
  });
});

test('the new style: bases by import, classes stay names', () => {
  const base =
    'from mmdet.models import FPN, ResNet as R\nimport torch.nn as nn\nmodel = dict(backbone=dict(type=R, depth=50), neck=dict(type=FPN), act=nn.ReLU)\n';
  const child = `from mmengine.config import read_base
with read_base():
    from .sub.base import *
from mmdet.models.necks import PAFPN
model.update(dict(neck=dict(type=PAFPN)))
model.backbone.depth = 101
`;
  expect(read(child, { 'sub/base.py': base })).toEqual({
    model: {
      backbone: { type: 'mmdet.models.ResNet', depth: 101 },
      neck: { type: 'mmdet.models.necks.PAFPN' },
      act: 'torch.nn.ReLU',
    },
  });
});

test('references are shared as in Python', () => {
  expect(read('a = [1]\nb = a\na += [2]\nb.append(3)\nc = a + [4]\nd = a[:]\na[0] = 9')).toEqual({
    a: [9, 2, 3],
    b: [9, 2, 3],
    c: [1, 2, 3, 4],
    d: [1, 2, 3],
  });
});

interface Case {
  text: string;
  value?: unknown;
  error?: string;
}

const { shared, cases } = goldenJson<{ shared: Record<string, string>; cases: Record<string, Case> }>(
  'config/python_configs',
);

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-config-'));

afterAll(() => rmSync(folder, { recursive: true }));

for (const [name, text] of Object.entries(shared)) writeFileSync(path.join(folder, name), text);

const readDict = (file: string) => readConfigFile(file, { environment: {} }).dict;

test.each(Object.entries(cases))('%s', (name, { text, value, error }) => {
  const file = path.join(folder, `${name}.py`);
  writeFileSync(file, text);
  if (error) expect(complaint(() => readDict(file))).toMatch(/^Cannot (read|merge) /);
  else expect(typed(readDict(file))).toEqual(value);
});

const printed = goldenJson<Record<string, { text: string; value: unknown }>>('config/printed_configs');

test.each(Object.entries(printed))(
  '%s as printed is what mmengine reads back to the same values',
  (name, reference) => {
    const file = path.join(folder, `${name}.py`);
    writeFileSync(file, cases[name].text);
    expect(printDict(readDict(file), 'py')).toBe(reference.text);
    expect(reference.value).toEqual(cases[name].value);
  },
);
