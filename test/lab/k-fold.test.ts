// Folds of a dataset, and training on each of them.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabDataset } from '../../src';
import { scenes } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-folds-'));
let data: LabDataset;
beforeAll(async () => {
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const paths = (records: readonly { path: string }[]) => records.map(({ path }) => path);

test('each training image is validated on once; the seed says where', async () => {
  const folds = data.kFold(3, { seed: 1 });
  const all = [...folds].flatMap(({ val }) => paths(val!.records));
  expect(all.sort()).toEqual(paths(data.train.records).sort());
  for (const { train, val } of folds)
    expect(paths(train.records).some((path) => paths(val!.records).includes(path))).toBe(false);
  const first = (seed: number) => paths(data.kFold(3, { seed }).at(0).val!.records).join();
  expect(first(1)).toBe(first(1));
  expect(first(2)).not.toBe(first(1));
  // 4 images have a person
  const people = [...folds].map(({ val }) => val!.records.filter(({ truths }) => truths.labels.includes(1)).length);
  expect(Math.max(...people) - Math.min(...people)).toBeLessThanOrEqual(1);
  expect(String(folds)).toMatch(/toytown: 3 folds\n.*range\n-.*\nimages +4 +4 +4 +4 to 4\n/);
  expect(String(folds)).toContain('the 3 validation images are in no fold');
  const csv = readFileSync(await folds.save(join(folder, 'folds.csv')), 'utf8');
  expect(csv.split('\r\n')[1]).toBe('images,4,4,4,4 to 4');
});

test('groups stay together, by pattern and by function', () => {
  const number = (path: string) => Number(/(\d+)\.\w+$/.exec(path)?.[1]);
  const groups = (image: { path: string }) => number(image.path) % 4;
  for (const { val, train } of data.kFold(2, { groups })) {
    const inVal = new Set(val!.records.map(groups));
    expect(train.records.some((record) => inVal.has(groups(record)))).toBe(false);
  }
  const byDigit = /(\d)\.\w+$/;
  const digit = (path: string) => byDigit.exec(path)?.[1];
  for (const { val, train } of data.kFold(2, { groups: byDigit, stratified: false })) {
    const inVal = new Set(paths(val!.records).map(digit));
    expect(paths(train.records).some((path) => inVal.has(digit(path)))).toBe(false);
  }
});

test('folds that there cannot be', () => {
  expect(() => data.kFold(13)).toThrow(
    /into the number 13 folds: expected a number from 2 to 12, its number of images/,
  );
  expect(() => data.kFold(3, { groups: () => 'one' })).toThrow(/from 2 to 1, its number of groups/);
  expect(() => data.kFold(3, { groups: () => null as never })).toThrow(
    /expected the name of a group of .*, received null/,
  );
  expect(() => data.kFold(3).at(3)).toThrow(/fold the number 3 of "toytown": expected 0 to 2/);
});
