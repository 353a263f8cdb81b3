// COCO results that pycocotools reads back (its numbers are golden), evaluated by the same metrics; and those of other programs.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataset, type LabDataset } from '../../../src';
import type { PredictionList } from '../../../src/lab/prediction-list';
import { goldenJson } from '../../golden-data';
import { savedResults } from './saved-results';

const golden = goldenJson<{
  gt: unknown;
  results: object[];
  stats: Record<'bbox' | 'segm', number[]>;
}>('saved_results');
const root = mkdtempSync(join(tmpdir(), 'detlab-results-'));
let data: LabDataset;
let predictions: PredictionList;
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(async () => {
  const made = await savedResults(root);
  ({ predictions } = made);
  data = await dataset.coco(made.annFile, made.images);
  await predictions.save(join(root, 'results.coco.json'), { data });
  const target = process.env.DETLAB_SAVED_RESULTS; // see golden/generate/saved_results.py
  if (target === undefined) return;
  mkdirSync(target, { recursive: true });
  for (const name of ['gt.json', 'results.coco.json']) copyFileSync(join(root, name), join(target, name));
});

const json = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const write = (name: string, value: unknown) => {
  writeFileSync(join(root, name), JSON.stringify(value));
  return join(root, name);
};

test('the file is the one that pycocotools has read, and its numbers are ours', async () => {
  expect(json('gt.json')).toEqual(golden.gt);
  expect(json('results.coco.json')).toEqual(golden.results);
  const { metrics } = await data.evaluate(join(root, 'results.coco.json'));
  const { bbox, segm } = golden.stats;
  for (const [prefix, stats] of [
    ['', bbox],
    ['segm_', segm],
  ] as const)
    for (const [i, name] of ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl'].entries())
      expect(Math.abs(metrics[`${prefix}${name}`] - stats[i]), `${prefix}${name}`).toBeLessThan(1e-9);
  expect(bbox[0]).toBeGreaterThan(0.2);
});

test('images by their names: numbered from 1 without data, or called by a program as it likes', async () => {
  const expected = (await data.evaluate(join(root, 'results.coco.json'))).metrics;
  await predictions.save(join(root, 'named.coco.json'));
  const entries = json('named.coco.json') as { image_id: number | string; category_id: number; file_name?: string }[];
  expect(new Set(entries.map(({ image_id }) => image_id))).toEqual(new Set([1, 2, 3]));
  const ids = [17, 4]; // of the annotation file
  const own = entries.map((entry) => ({ ...entry, category_id: ids[entry.category_id - 1] }));
  expect((await data.evaluate(write('a.json', own))).metrics).toEqual(expected);
  const stems = own.map(({ file_name, ...entry }) => ({ ...entry, image_id: String(file_name).replace('.png', '') }));
  expect((await data.evaluate(write('b.json', stems))).metrics).toEqual(expected);
  const paths = own.map((entry) => ({ ...entry, image_id: 999, file_name: `other/images/${entry.file_name}` }));
  expect((await data.evaluate(write('c.json', paths))).metrics).toEqual(expected);
});

test('categories that were not selected are left out', async () => {
  const cells = await dataset.coco(join(root, 'gt.json'), join(root, 'images'), {
    classes: ['nucleus'],
    absentClasses: 'note',
  });
  const report = await cells.evaluate(join(root, 'results.coco.json'));
  expect(report.perClass.map((row) => row.class)).toEqual(['nucleus']);
  expect(report.detections).toBe(
    golden.results.filter((entry) => (entry as { category_id: number }).category_id === 4).length,
  );
});

const entry = { image_id: 31, category_id: 17, bbox: [1, 2, 3, 4], score: 0.5 };
test.each<[string, unknown, string | RegExp]>([
  [
    'an image of another split',
    [{ ...entry, image_id: 5 }],
    /the data has no image with the id 5\. Are these the results on other images/,
  ],
  ['an image by an unknown name', [{ ...entry, image_id: 'scan 9' }], 'the data has no image called "scan 9"'],
  ['an unknown category', [{ ...entry, category_id: 1 }], /category_id 1 is none of (17, 4|4, 17)/],
  ['an annotation file', { images: [], annotations: [] }, 'expected a list of { image_id, category_id'],
  ['an entry without a score', [entry, { image_id: 31, category_id: 17, bbox: [1, 2, 3, 4] }], 'expected a list of'],
  ['a box of three numbers', [{ ...entry, bbox: [1, 2, 3] }], 'expected a list of'],
  ['a box of negative width', [{ ...entry, bbox: [1, 2, -3, 4] }], 'expected a list of'],
  [
    'a mask of another size',
    [{ ...entry, segmentation: { size: [3, 3], counts: [9] } }],
    'expected masks of 80 x 120, the size of image 31, received one of 3 x 3',
  ],
])('refused: %s', async (_, content, message) => {
  const file = write('bad.json', content);
  await expect(data.evaluate(file)).rejects.toThrow(message);
  await expect(data.evaluate(file)).rejects.toThrow('bad.json');
});

test('no file, no JSON, masks of some entries only', async () => {
  await expect(data.evaluate(join(root, 'none.json'))).rejects.toThrow(/Cannot read the results ".*none\.json"/);
  writeFileSync(join(root, 'text.json'), '[{]');
  await expect(data.evaluate(join(root, 'text.json'))).rejects.toThrow(/Cannot read the results ".*text\.json"/);
  const [first, ...rest] = golden.results as { segmentation?: unknown }[];
  const { problems, metrics } = await data.evaluate(
    write('some.json', [{ ...first, segmentation: undefined }, ...rest]),
  );
  expect(problems.map(({ message }) => message).join()).toContain(
    `1 of ${golden.results.length} entries have no segmentation`,
  );
  expect(metrics).not.toHaveProperty('segm_AP');
});

test('an empty list is an evaluation without detections', async () => {
  expect((await data.evaluate(write('empty.json', []))).metrics.AP).toBe(0);
});
