// Tables of the lab as files: the report, the data, a model's summary, the necks and the memory.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, type Model, memory, startEngine } from '../../src';
import { evaluatedScenes } from '../lab/evaluated-scenes';
import { scenes, small } from '../lab/small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-table-files-'));
let data: LabDataset;
let model: Model;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
  model = await small().classes(data.classes).build({ seed: 1 });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

const first = { '.html': /^<!doctype html>/i, '.svg': /^<svg /, '.json': /^[{[]/, '.png': /^.PNG/, '.txt': /\n-+ / };
const all = ['html', 'csv', 'json', 'svg', 'png', 'txt'];

test.each([
  ['report', () => evaluatedScenes(folder), all],
  ['data', async () => data, [...all, 'jpg']],
  ['summary', async () => model.summary(), all],
  ['memory', () => memory(), all],
])('%s', async (name, open, formats) => {
  const display = await open();
  for (const format of formats) {
    const file = await display.save(join(folder, `${name}.${format}`));
    const text = readFileSync(file, 'latin1');
    const begin = first[extname(file) as keyof typeof first];
    if (begin) expect(text).toMatch(begin);
    else expect(text.length).toBeGreaterThan(10);
  }
  await expect(display.save(join(folder, `${name}.bmp`))).rejects.toThrow(/expected an extension of .*\.csv/);
});

test('the report has its numbers in full precision', async () => {
  const report = await evaluatedScenes(folder);
  const [head, allClasses] = readFileSync(await report.save(join(folder, 'r.csv')), 'utf8').split('\r\n');
  expect(Number(allClasses.split(',')[head.split(',').indexOf('AP')])).toBe(report.metrics.AP);
  const { perClass, metrics } = JSON.parse(readFileSync(await report.save(join(folder, 'r.json')), 'utf8'));
  expect({ perClass, metrics }).toEqual({ perClass: report.perClass, metrics: report.metrics });
});
