// `detlab config`: print, diff, explain and migrate.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { scratch } from '../config/scratch';
import { detlab } from './detlab';

const files = {
  'base.py': "model = dict(type='A', neck=dict(type='FPN', num_outs=5))\nscales = [(1, 2), 1.0]\n",
  'child.py': "_base_ = './base.py'\nmodel = dict(neck=dict(num_outs=6))\n",
  'bad.py': 'a = b\n',
  'old.py': "optimizer = dict(type='SGD', lr=0.1)\ntotal_epochs = 2\n",
  'parent.json': '{\n  "a": {\n    "b": 1\n  }\n}',
  'child.ts': "export default {\n  _base_: './parent.json',\n  a: {\n    b: 2,\n  },\n};\n",
};

test('print --json: a line a file, and a bad file does not stop the others', async () => {
  const folder = scratch(files);
  const names = ['bad.py', 'child.py', 'gone.py', 'base.py'].map((name) => path.join(folder, name));
  const { code, out, lines } = await detlab('config', 'print', '--json', ...names, '--cfg-options', 'model.lr=1.0');
  expect(code).toBe(2);
  const [bad, child, gone, base] = lines();
  expect(bad).toMatchObject({ file: names[0], error: expect.stringMatching(/bad.py:1:5: nothing is named "b"/) });
  expect(child.config.model).toEqual({ type: 'A', neck: { type: 'FPN', num_outs: 6 }, lr: 1 });
  expect(out).toContain('"scales": [[1, 2], 1.0]');
  expect(gone.error).toMatch(/no such file/);
  expect(base.file).toBe(names[3]);
});

test('print --py and --ts read back to the same values', async () => {
  const folder = scratch(files);
  const child = path.join(folder, 'child.py');
  for (const extension of ['py', 'ts']) {
    const { code, out } = await detlab('config', 'print', `--${extension}`, child);
    expect(code).toBe(0);
    const printed = path.join(folder, `printed.${extension}`);
    writeFileSync(printed, out);
    expect(readConfigFile(printed).config).toEqual(readConfigFile(child).config);
  }
  expect((await detlab('config', 'print', child)).out).toBe(
    "model = dict(type='A', neck=dict(type='FPN', num_outs=6))\nscales = [(1, 2), 1.0]\n",
  );
});

test('a package root is given on the command line', async () => {
  const folder = scratch({ ...files, 'mine.py': "_base_ = 'mmdet::sub/x.py'", 'configs/sub/x.py': 'a = 1' });
  const mine = path.join(folder, 'mine.py');
  expect((await detlab('config', 'print', mine)).err).toMatch(
    /there is no config "mmdet::sub\/x.py"|folder is not known/,
  );
  const told = await detlab(
    'config',
    'print',
    '--json',
    mine,
    '--config-root',
    `mmdet=${path.join(folder, 'configs')}`,
  );
  expect(told.lines()).toEqual([{ file: mine, config: { a: 1 } }]);
});

test('diff names the paths that differ', async () => {
  const folder = scratch(files);
  const { out } = await detlab('config', 'diff', path.join(folder, 'base.py'), path.join(folder, 'child.py'));
  expect(out).toBe('- model.neck.num_outs = 5\n+ model.neck.num_outs = 6\n');
});

test('explain tells file and line, and what was overridden', async () => {
  const folder = scratch(files);
  const explain = async (file: string, at: string) =>
    (await detlab('config', 'explain', path.join(folder, file), at, '--json')).lines()[0];
  expect(await explain('child.py', 'model.neck.num_outs')).toMatchObject({
    value: 6,
    set: { file: path.join(folder, 'child.py'), line: 2 },
    overrode: [{ file: path.join(folder, 'base.py'), line: 1, value: 5 }],
  });
  expect(await explain('child.ts', 'a.b')).toMatchObject({
    value: 2,
    set: { file: path.join(folder, 'child.ts'), line: 4 },
    overrode: [{ file: path.join(folder, 'parent.json'), line: 3, value: 1 }],
  });
  expect((await detlab('config', 'explain', path.join(folder, 'child.py'), 'model.nek')).err).toMatch(
    /there is no "nek" under model. Did you mean "neck"/,
  );
});

test('migrate writes a config of 3.x and tells what became what', async () => {
  const folder = scratch(files);
  const target = path.join(folder, 'new.ts');
  const { code, out } = await detlab('config', 'migrate', path.join(folder, 'old.py'), '-o', target);
  expect(code).toBe(0);
  expect(out).toContain('optimizer -> optim_wrapper.optimizer');
  expect(readFileSync(target, 'utf8')).toContain("optimizer: { type: 'SGD', lr: 0.1 }");
  expect(readConfigFile(target).config.train_cfg).toEqual({
    type: 'EpochBasedTrainLoop',
    max_epochs: 2,
    val_interval: 1,
  });
});
