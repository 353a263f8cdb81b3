// What a config may inherit from.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { refusal } from './python/refusal';
import { complaint, scratch } from './scratch';

test('nothing outside of the project is read, by .. or by links, unless it is named', () => {
  const root = scratch({});
  const write = (name: string, text: string) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  write('secret/keys.json', '{"key": "secret"}');
  write('project/package.json', '{}');
  const parent = write('project/configs/parent.py', "_base_ = '../../secret/keys.json'");
  const absolute = write(
    'project/configs/absolute.py',
    `_base_ = ${JSON.stringify(path.join(root, 'secret/keys.json'))}`,
  );
  symlinkSync(path.join(root, 'secret/keys.json'), path.join(root, 'project/configs/link.json'));
  const link = write('project/configs/by-link.py', "_base_ = 'link.json'");
  for (const file of [parent, absolute, link])
    expect(complaint(() => readConfigFile(file))).toMatch(/is outside the project/);
  const told = { packages: { secret: path.join(root, 'secret') } };
  expect(readConfigFile(parent, told).config).toEqual({ key: 'secret' });
  symlinkSync(path.join(root, 'secret'), path.join(root, 'project/others'));
  expect(readConfigFile(write('project/linked.py', "_base_ = './others/keys.json'")).config).toEqual({ key: 'secret' });
  write('project/base.py', 'a = 1');
  expect(readConfigFile(write('project/configs/deep/b.py', "_base_ = '../../base.py'")).config).toEqual({ a: 1 });
});

test('device files and folders are no bases', () => {
  expect(refusal("_base_ = '/dev/zero'")).toMatch(/there is no config "\/dev\/zero"/);
  expect(refusal("_base_ = '/proc/self/environ.py'")).toMatch(/there is no config/);
});
