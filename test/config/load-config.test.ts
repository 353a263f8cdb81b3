// Finding configs by name and path, and inheriting along paths.

import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listConfigs, loadConfig, readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

const refusal = (files: Record<string, unknown>, file: string) =>
  complaint(() => readConfigFile(path.join(scratch(files), file)));

test('every config of the package reads', () => {
  const names = [...listConfigs().keys()];
  expect(names).toContain('faster-rcnn_r18_fpn_toytown');
  // a *_tta file holds what is laid over a model, as MMDetection's do
  for (const name of names) {
    const { model, tta_model } = loadConfig(name).config;
    expect(model ?? tta_model, name).toHaveProperty('type');
  }
});

test('a name is found, a near miss suggests, and options are laid over', () => {
  const { config, name } = loadConfig('faster-rcnn_r50_fpn_1x_coco', { options: ['model.neck.num_outs=6'] });
  expect(name).toBe('faster-rcnn_r50_fpn_1x_coco');
  expect(config).toHaveProperty('model.neck.num_outs', 6);
  expect(loadConfig(name, { options: { 'model.neck.num_outs': 7 } }).config).toHaveProperty('model.neck.num_outs', 7);
  expect(complaint(() => loadConfig('faster_rcnn_r50_fpn_1x_cocos'))).toMatch(
    /Did you mean "faster-rcnn_r50_fpn_1x_coco"\?/,
  );
  expect(complaint(() => loadConfig('configs/faster_rcnn/faster-rcnn_r50_fpn_1x_coc.ts'))).toMatch(
    /no such file, relative to .*Did you mean "faster-rcnn_r50_fpn_1x_coco"\?/s,
  );
});

test('two loads share nothing', () => {
  const first = loadConfig('faster-rcnn_r50_fpn_1x_coco').config as { model: { neck: { num_outs: number } } };
  first.model.neck.num_outs = 99;
  expect(loadConfig('faster-rcnn_r50_fpn_1x_coco').config).toHaveProperty('model.neck.num_outs', 5);
});

test('a path is seen from the working folder, then from configs/, with or without extension', () => {
  const folder = scratch({ 'mine.json': { model: 1 }, 'sub/other.ts': 'export default { _base_: "../mine", x: 2 }' });
  expect(loadConfig(path.join(folder, 'mine.json')).config).toEqual({ model: 1 });
  expect(loadConfig(path.join(folder, 'sub/other'))).toMatchObject({ config: { model: 1, x: 2 }, name: 'other' });
  expect(loadConfig('faster_rcnn/faster-rcnn_r50_fpn_1x_coco').name).toBe('faster-rcnn_r50_fpn_1x_coco');
});

test('of two configs with one name, the path must be given', () => {
  const folder = scratch({ 'a/x.json': {}, 'b/x.json': {} });
  expect(complaint(() => loadConfig('x', { roots: [folder] }))).toMatch(
    /2 files have this name. Give the path of one:/,
  );
});

test('MMDetection base paths may keep their .py when the .ts lies there', () => {
  const folder = scratch({ 'child.json': { _base_: './base.py' }, 'base.ts': 'export default { a: 1 }' });
  expect(readConfigFile(path.join(folder, 'child.json'))).toMatchObject({
    config: { a: 1 },
    files: [path.join(folder, 'base.ts'), path.join(folder, 'child.json')],
  });
});

test('what cannot be a config is refused', () => {
  expect(
    refusal({ 'a.json': { _base_: './b' }, 'b.json': { _base_: './c' }, 'c.json': { _base_: './a' } }, 'a.json'),
  ).toMatch(/it inherits from itself.\n {2}.*a.json\n {2}-> .*b.json\n {2}-> .*c.json\n {2}-> .*a.json/);
  expect(
    refusal(
      { 'a.ts': 'import b from "./b"; export default { b }', 'b.ts': 'import a from "./a"; export default { a }' },
      'a.ts',
    ),
  ).toMatch(/it inherits from itself/);
  const chain = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.json`, { _base_: `./${i + 1}.json` }]));
  expect(refusal(chain, '0.json')).toMatch(/more than 16 levels of inheritance/);
  const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`${i}.json`, {}]));
  expect(
    refusal({ ...many, 'all.json': { _base_: Object.keys(many).map((name) => `./${name}`) } }, 'all.json'),
  ).toMatch(/at most 64 files/);
  expect(refusal({ 'a.yml': 'model:' }, 'a.yml')).toMatch(/expected a .ts, .json, .py file/);
  expect(refusal({ 'a.yaml': 'a: 1' }, 'a.yaml')).toMatch(/expected a .ts, .json, .py file/);
  expect(refusal({ 'a.json': { _base_: 'mmdet::x.py' } }, 'a.json')).toMatch(
    /expected PACKAGE::FOLDER\/FILE, e.g. mmdet::/,
  );
  expect(refusal({ 'a.json': { _base_: './gone' } }, 'a.json')).toMatch(/a.json:1:1: there is no config ".\/gone"/);
  expect(refusal({ 'sub/x.json': {} }, 'sub')).toMatch(/expected a file, received a folder/);
  expect(refusal({ 'model.json': {} }, 'modle.json')).toMatch(/no such file. Did you mean "model"\?/);
});

test('a device or a pipe is never opened', () => {
  const folder = scratch({ 'x.json': {} });
  symlinkSync('/dev/zero', path.join(folder, 'zero.json'));
  execFileSync('mkfifo', [path.join(folder, 'pipe.json')]);
  for (const name of ['zero.json', 'pipe.json'])
    expect(complaint(() => readConfigFile(path.join(folder, name)))).toMatch(/expected a file/);
});
