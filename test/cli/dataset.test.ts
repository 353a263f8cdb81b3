// `detlab dataset`: the views of a data set as text, JSON lines and files.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src';
import { scenes, small } from '../lab/small';
import { smallArguments } from '../lab/small-options';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cli-dataset-'));
let data: string;
let classes: string[];
beforeAll(async () => {
  await startEngine({ threads: 1 });
  const { train, classes: names } = await scenes(folder);
  classes = names;
  const root = join(train.records[0].path, '../..');
  const part = (name: string) => `${join(root, `annotations/${name}.json`)},${join(root, name)}`;
  data = `coco:${part('train')},${part('val')}`;
});
afterAll(() => rmSync(folder, { recursive: true }));

const look = (...words: string[]) => detlab('dataset', ...words, '--data', data);

test('the help lists the views', async () => {
  const { out } = await detlab('dataset', '--help');
  for (const view of ['show', 'statistics', 'browse', 'duplicates', 'leaks', 'mistakes']) expect(out).toContain(view);
  expect((await detlab('--help')).out).toContain('dataset');
});

test.each([
  ['show', /train boxes/],
  ['statistics', /objects per image/],
  ['browse', /images 1 to \d+ of \d+, page 1/],
  ['duplicates', /^duplicates in /],
  ['leaks', /in both splits: none/],
])('%s', async (view, text) => {
  const { code, out, err } = await look(view);
  expect(code, err).toBe(0);
  expect(out).toMatch(text);
  const file = join(folder, `${view}.html`);
  const json = await look(view, '--json', '--out', file);
  const [event] = json.lines();
  expect(event).toMatchObject({ event: view === 'show' ? 'dataset' : view, out: file });
  expect(readFileSync(file, 'utf8')).toContain('<html');
});

test.each(['show', 'statistics', 'browse', 'duplicates', 'leaks'])(
  '%s is written in every format of its help',
  async (view) => {
    const { out } = await detlab('dataset', view, '--help');
    const [, formats] = /also write it to a file:\s+([^(]*?)\n +(?:-|\n)/s.exec(`${out}\n`) ?? [];
    const extensions = formats.match(/\.[a-z]+/g) ?? [];
    expect(extensions.length).toBeGreaterThan(3);
    for (const extension of extensions) {
      const file = join(folder, `${view}${extension}`);
      expect((await look(view, '--out', file)).code, file).toBe(0);
      expect(statSync(file).size, file).toBeGreaterThan(0);
    }
    const wrong = await look(view, '--out', join(folder, 'view.pdf'));
    expect([wrong.code, wrong.err]).toEqual([
      2,
      expect.stringMatching(/expected an extension of \.html.*received \.pdf/),
    ]);
  },
);

test('splits, classes and pages', async () => {
  const [val] = (await look('statistics', '--split', 'val', '--json')).lines();
  const [train] = (await look('statistics', '--json')).lines();
  expect(val.images).not.toBe(train.images);
  const [page] = (await look('browse', '--class', classes[0], '--size', '1', '--json')).lines();
  expect(page.images).toHaveLength(1);
  expect(page.images[0].boxes.map((box: { class: string }) => box.class)).toContain(classes[0]);
  const wrong = await look('browse', '--class', 'nobody');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/Cannot browse by the class "nobody": expected/)]);
  const split = await look('statistics', '--split', 'test');
  expect([split.code, split.err]).toEqual([2, expect.stringMatching(/expected 'train' or 'val'/)]);
  const one = await detlab('dataset', 'leaks', '--data', data.split(',').slice(0, 2).join(','));
  expect([one.code, one.err]).toEqual([2, expect.stringMatching(/it has no val split/)]);
  expect((await detlab('dataset', 'statistics')).code).not.toBe(0);
});

test('labels that a model disagrees with', async () => {
  const model = await small().classes(classes).build({ seed: 1 });
  const file = model.save(join(folder, 'model.safetensors'));
  model.dispose();
  const run = (...more: string[]) =>
    look('mistakes', 'faster-rcnn_r18_fpn_toytown', file, '--minimum', '0', ...smallArguments, ...more);
  const { code, out, err } = await run();
  expect(code, err).toBe(0);
  expect(out).toMatch(/^suspicious labels of .*missing label/);
  const [event] = (await run('--kind', 'missing label', '--json')).lines();
  expect(event.labels.length).toBeGreaterThan(0);
  expect(new Set(event.labels.map(({ kind }: { kind: string }) => kind))).toEqual(new Set(['missing label']));
  for (const [option, value, expected] of [
    ['--minimum', '2', 'expected a number from 0 to 1'],
    ['--out', 'a.pdf', 'expected an extension of .html, .csv, .json, .txt'],
  ]) {
    const refused = await run('--json', option, value);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(expected)]);
  }
  const wrong = await run('--kind', 'mising label');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/Did you mean "missing label"/)]);
});
