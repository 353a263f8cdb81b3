// ODVGDataset, and data sets on text as one.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { DATASETS } from '../../../src/data';
import { joinDatasets } from '../../../src/data/datasets/join-datasets';

let folder = '';
const lines = (...entries: object[]) => entries.map((entry) => JSON.stringify(entry)).join('\n');
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odvg-'));
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write('a.jpg', '');
  write('map.json', JSON.stringify({ 0: 'cat', 2: 'dog' }));
  const image = { filename: 'a.jpg', width: 100, height: 80 };
  const instances = [
    { bbox: [1, 2, 30, 40], label: 2 },
    { bbox: [90, 70, 90.5, 79], label: '0' },
    { bbox: [5, 5, 20, 20], label: 1 },
  ];
  write('od.jsonl', `${lines({ ...image, detection: { instances } }, { ...image, filename: 'b.jpg' })}\nno json\n`);
  const regions = [
    { bbox: [0, 0, 5, 5], phrase: 'a cat', tokens_positive: [[0, 5]] },
    {
      bbox: [
        [1, 1, 9, 9],
        [200, 1, 300, 9],
      ],
      phrase: ['two'],
      tokens_positive: [[6, 9]],
    },
  ];
  write('vg.jsonl', lines({ ...image, grounding: { caption: 'a cat two', regions } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (options: object) =>
  new Registry(DATASETS)
    .build('dataset', { type: 'ODVGDataset', data_root: folder, return_classes: true, ...options }, { path: 'data' })
    .load();

test('boxes with labels, of a map of names; what cannot be used is a problem', async () => {
  const data = await load({ ann_file: 'od.jsonl', label_map_file: 'map.json' });
  expect(data.classes).toEqual(['cat', 'class 1', 'dog']);
  const [{ truths, prompt }] = data.records;
  expect([[...truths.bboxes], [...truths.labels]]).toEqual([[1, 2, 30, 40], [2]]);
  expect(prompt?.labelMap).toEqual({ 0: 'cat', 2: 'dog' });
  expect(data.problems.map(({ kind }) => kind)).toEqual([
    'zero-area',
    'unknown-category',
    'missing-image',
    'bad-annotation',
  ]);
});

test('captions with phrases', async () => {
  const { records } = await load({ ann_file: 'vg.jsonl' });
  expect(records[0].prompt).toEqual({ text: 'a cat two', tokensPositive: { 0: [[0, 5]], 1: [[6, 9]] } });
  expect([...records[0].truths.labels]).toEqual([0, 1]);
  await expect(load({ ann_file: 'no.jsonl' })).rejects.toThrow(/Cannot find the annotation file/);
});

test('data sets of other classes are joined: each image keeps its labels and its text', async () => {
  const parts = [
    await load({ ann_file: 'od.jsonl', label_map_file: 'map.json' }),
    await load({ ann_file: 'vg.jsonl' }),
  ];
  const joined = joinDatasets(parts);
  expect(joined.records.map(({ id }) => id)).toEqual([1, 2]);
  expect(joined.parts?.map(({ records, classes }) => [records[0].id, classes.length])).toEqual([
    [1, 3],
    [2, 2],
  ]);
});
