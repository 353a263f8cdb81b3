// `data.duplicates()`, `data.leaks()` and `data.browse()` on generated scenes, some of which are copied, scaled and encoded anew.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabDataset } from '../../src';
import type { Dataset } from '../../src/data';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { scenes } from './small';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-duplicates-'));
let data: LabDataset;
let clean: LabDataset;

beforeAll(async () => {
  clean = await scenes(folder);
  const [first, second, third] = clean.train.records;
  const copies = ['copy.png', 'small.jpg', 'other.jpg', 'broken.jpg'].map((name) => path.join(folder, name));
  copyFileSync(first.path, copies[0]);
  await sharp(second.path).resize(72, 48).jpeg({ quality: 70 }).toFile(copies[1]);
  await sharp(third.path).flop().jpeg().toFile(copies[2]);
  writeFileSync(copies[3], 'no image');
  const added = copies.map((file, i) => ({ ...clean.train.records[i % 3], id: 900 + i, path: file }));
  const val: Dataset = { ...clean.val!, records: [...clean.val!.records, added[1], added[2], added[3]] };
  data = new LabDataset('cells', { ...clean.train, records: [...clean.train.records, added[0]] }, val);
});
afterAll(() => rmSync(folder, { recursive: true }));

const names = (group: { images: { split: string; record: { path: string } }[] }) =>
  group.images.map(({ split, record }) => `${split} ${path.basename(record.path)}`);

test('copies, and the same image scaled and encoded anew, are found; a mirrored one is another image', async () => {
  const found = await data.duplicates({ workers: 2 });
  const [first, second] = clean.train.records.map((record) => `train ${path.basename(record.path)}`);
  expect(found.groups.map((group) => [names(group), group.exact, group.leak])).toEqual([
    [[first, 'train copy.png'], true, false],
    [[second, 'val small.jpg'], false, true],
  ]);
  expect([found.images, found.unreadable]).toEqual([19, 1]);
  expect(String(found)).toMatch(
    /^duplicates in cells: 2 images more than once, in 2 groups\ngroup {2}kind .*\n.*\n +1 {2}same file .*copy\.png\n +2 {2}near .*small\.jpg\n19 images compared, 1 could not be read$/s,
  );
  const none = await clean.duplicates();
  expect(String(none)).toMatch(/^duplicates in toytown: none\n\d+ images compared$/);
  expect((await none[JUPYTER_DISPLAY]())['text/html']).toMatch(/^<p><b>duplicates in toytown: none<\/b>/);
  expect((await found[JUPYTER_DISPLAY]())['text/html']).toMatch(/<table.*same file/s);
});

test('leaks are those of both splits', async () => {
  const leaks = await data.leaks();
  expect(leaks.groups.map(names)).toEqual([[expect.stringMatching(/^train/), 'val small.jpg']]);
  expect(String(leaks)).toMatch(/1 validation image is also in training: AP on them says little/);
  await expect(data.split('train').leaks()).rejects.toThrow(/it has no val split\. Create one with \.split\(0\.2\)/);
  const csv = readFileSync(await leaks.save(path.join(folder, 'leaks.csv')), 'utf8').split('\r\n');
  expect(csv[0]).toBe('group,kind,leak,split,image id,file');
  expect(csv[2]).toMatch(/^1,near,true,val,901,.*small\.jpg$/);
  expect(readFileSync(await leaks.save(path.join(folder, 'leaks.html')), 'utf8')).toMatch(
    /1 \(near\), val: small\.jpg/,
  );
  await expect(data.duplicates({ bits: 30 })).rejects.toThrow(/bits: expected int 0 to 16, received the number 30/);
  await expect(data.duplicates({ signal: AbortSignal.abort() })).rejects.toThrow(/was interrupted/);
});

test('browse gives pages of images with a class', () => {
  const { records } = clean.train;
  const label = clean.classes.indexOf('person');
  const having = records.filter(({ truths }) => truths.labels.includes(label));
  const page = clean.browse({ class: 'person', size: 2, page: 2 });
  expect(page.images.map(({ source }) => source)).toEqual(
    having.slice(2, 4).map((record) => path.basename(record.path)),
  );
  expect(String(page)).toMatch(new RegExp(`^toytown train: images 3 to 4 of ${having.length} with person, page 2 of`));
  expect(clean.browse().images.length).toBe(12);
  expect(clean.browse({ split: 'val', objects: [0, 0] }).images.length).toBe(0);
  expect(() => clean.browse({ class: 'persn' })).toThrow(
    /expected car, person, traffic light\. Did you mean "person"\?/,
  );
  expect(() => clean.browse({ page: 2 })).toThrow(/expected a page from 1 to 1 and a size from 1 on, received page 2/);
});
