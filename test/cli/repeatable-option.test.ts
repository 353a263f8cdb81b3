// Options that are given once per value never take an argument of the command.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { everyAssignment } from '../../src/cli/repeatable-option';
import { detlab } from './detlab';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-options-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

test('what follows the value of an option is an argument', async () => {
  const mine = file('mine.py', "model = dict(type='A', neck=dict(type='FPN', num_outs=5))\n");
  const roots = ['--config-root', `x=${folder}`];
  const printed = async (...args: string[]) => (await detlab('config', 'print', '--json', ...args)).lines();
  const outputs = (num_outs: number) => [
    { file: mine, config: { model: { type: 'A', neck: { type: 'FPN', num_outs } } } },
  ];
  expect(await printed(...roots, mine)).toEqual(outputs(5));
  expect(await printed('--cfg-options', 'model.neck.num_outs=6', mine)).toEqual(outputs(6));
  expect(await printed('--cfg-options=model.neck.num_outs=6', ...roots, mine)).toEqual(outputs(6));
  const checked = await detlab('config', 'check', ...roots, mine);
  expect([checked.code, checked.out]).toEqual([2, expect.stringMatching(/mine\.py/)]);
});

test('several roots and several assignments, after one option or each after its own', async () => {
  for (const name of ['p', 'q']) mkdirSync(path.join(folder, name, 'sub'), { recursive: true });
  file('p/sub/neck.py', "model = dict(neck=dict(type='FPN', num_outs=5, out_channels=64))\n");
  file('q/sub/run.py', "val_cfg = dict(type='ValLoop')\n");
  const both = file('both.py', "_base_ = ['p::sub/neck.py', 'q::sub/run.py']\n");
  const roots = ['p', 'q'].map((name) => `${name}=${path.join(folder, name)}`);
  const values = ['model.neck.num_outs=6', 'model.neck.out_channels=32'];
  const each = (option: string, given: readonly string[]) => given.flatMap((value) => [option, value]);
  const neck = { _scope_: 'p', type: 'FPN', num_outs: 6, out_channels: 32 };
  for (const args of [
    [both, '--config-root', ...roots, '--cfg-options', ...values],
    ['--config-root', ...roots, '--cfg-options', ...values, both],
    [...each('--config-root', roots), both, ...each('--cfg-options', values)],
  ])
    expect((await detlab('config', 'print', '--json', ...args)).lines()).toEqual([
      { file: both, config: { model: { neck }, val_cfg: { _scope_: 'q', type: 'ValLoop' } } },
    ]);
});

test('assignments after an option, and what ends them', () => {
  expect(everyAssignment(['--cfg-options', 'a=1', "b='x y'", 'c.py', 'd=2'])).toEqual([
    '--cfg-options',
    'a=1',
    '--cfg-options',
    "b='x y'",
    'c.py',
    'd=2',
  ]);
  for (const kept of [
    ['--cfg-options', 'a=1', '--data=x'],
    ['--cfg-options', 'a=1', './b=2.jpg'],
    ['--cfg-options', 'a=1', '--', 'b=2'],
    ['--cfg-options', 'a.py', 'b.py'],
    ['a=1', 'b=2'],
  ])
    expect(everyAssignment(kept)).toEqual(kept);
});

test('a class is named once per option', async () => {
  const { code, err } = await detlab('dataset', 'browse', '--data', 'toytown', '--class', 'car', 'tree');
  expect([code, err]).toEqual([2, expect.stringContaining('too many arguments')]);
});

test('commands in one process listen to its streams once', async () => {
  const count = () => [process.stdout, process.stderr].map((stream) => stream.listenerCount('error'));
  await detlab('--help');
  const before = count();
  for (let i = 0; i < 3; i++) await detlab('--help');
  expect(count()).toEqual(before);
});
