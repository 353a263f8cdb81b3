// COCO files, good and bad: what becomes a truth, what is reported, by file and id.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { problemLines } from '../../../src/data';
import { loadCoco } from '../../../src/data/datasets/coco';
import type { DatasetLoader } from '../../../src/data/datasets/dataset-loader';
import { DATASETS } from '../../../src/data/datasets/list';

let root: string;

const images = () => path.join(root, 'images');

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'));
  mkdirSync(images());
  const picture = sharp({ create: { width: 100, height: 80, channels: 3, background: '#336699' } });
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await picture.clone().jpeg().toFile(path.join(images(), name));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

interface CocoParts {
  images?: object[];
  annotations?: object[];
  categories?: object[];
}

function writeCoco(name: string, parts: CocoParts): string {
  const file = path.join(root, name);
  writeFileSync(
    file,
    JSON.stringify({
      images: [
        { id: 7, file_name: 'a.jpg', width: 100, height: 80 },
        { id: 3, file_name: 'b.jpg', width: 100, height: 80 },
      ],
      categories: [
        { id: 18, name: 'dog' },
        { id: 5, name: 'cat' },
      ],
      annotations: [],
      ...parts,
    }),
  );
  return file;
}

const annotation = (id: number, over: object = {}) => ({
  id,
  image_id: 7,
  category_id: 18,
  bbox: [10, 20, 30, 40],
  area: 900,
  iscrowd: 0,
  ...over,
});

it('gives xyxy boxes, labels by class order, crowds as ignored, areas of segments', async () => {
  const file = writeCoco('good.json', {
    annotations: [
      annotation(1),
      annotation(2, { category_id: 5, iscrowd: 1, area: 77 }),
      annotation(3, { image_id: 3 }),
    ],
  });
  const all = await loadCoco(file, images());
  expect(all.classes).toEqual(['dog', 'cat']);
  expect(all.problems).toEqual([]);
  const [a, b] = all.records;
  expect([a.id, a.width, a.height, path.basename(a.path)]).toEqual([7, 100, 80, 'a.jpg']);
  expect([...a.truths.bboxes]).toEqual([10, 20, 40, 60, 10, 20, 40, 60]);
  expect([[...a.truths.labels], [...a.truths.ignored], [...a.areas]]).toEqual([
    [0, 1],
    [0, 1],
    [900, 77],
  ]);
  expect(b.annotationIds).toEqual([3]);
  const cats = await loadCoco(file, images(), { classes: ['cat'], filterEmpty: true });
  expect(cats.records.map(({ id }) => id)).toEqual([7]);
  expect([...cats.records[0].truths.labels]).toEqual([0]);
  expect(cats.problems.map(({ kind, id }) => [kind, id])).toEqual([
    ['no-objects', undefined],
    ['empty-image', 3],
  ]);
  expect((await loadCoco(file, images(), { minSize: 81 })).records).toEqual([]);
});

it('reports a file without annotations, and refuses one without images', async () => {
  const named = [{ id: 1, file_name: 'a.jpg', width: 100, height: 80 }];
  const { problems } = await loadCoco(writeCoco('unlabelled.json', { images: named }), images());
  expect(problemLines(problems)).toEqual([
    expect.stringMatching(/unlabelled\.json" has nothing to train or to evaluate on: its "annotations" are empty/),
  ]);
  await expect(loadCoco(writeCoco('nothing.json', { images: [] }), images())).rejects.toThrow(
    /it has no usable images. It lists none/,
  );
});

it('reports images that are empty or cut off before they are opened for training', async () => {
  const bytes = readFileSync(path.join(images(), 'a.jpg'));
  writeFileSync(path.join(images(), 'cut.jpg'), bytes.subarray(0, -30));
  writeFileSync(path.join(images(), 'empty.jpg'), '');
  const named = ['a.jpg', 'cut.jpg', 'empty.jpg'].map((file_name, id) => ({ id, file_name, width: 100, height: 80 }));
  const data = await loadCoco(writeCoco('damaged.json', { images: named }), images());
  expect(data.records.map(({ id }) => id)).toEqual([0]);
  expect(data.problems.map(({ kind, id }) => [kind, id])).toEqual([
    ['unreadable-image', 1],
    ['unreadable-image', 2],
    ['no-objects', undefined],
  ]);
});

it('reports every sort of bad entry by id and uses the rest', async () => {
  const file = writeCoco('bad.json', {
    images: [
      { id: 7, file_name: 'a.jpg', width: 100, height: 80 },
      { id: 8, file_name: 'gone.jpg', width: 100, height: 80 },
      { id: 9, file_name: '../../outside.jpg', width: 100, height: 80 },
      { id: 10, file_name: 'b.jpg', width: -4, height: 80 },
      { id: 7, file_name: 'b.jpg', width: 100, height: 80 },
    ],
    annotations: [
      annotation(1),
      annotation(2, { bbox: [10, 20, 0, 40] }),
      annotation(3, { area: 0 }),
      annotation(4, { bbox: [100, 10, 30, 30] }),
      annotation(5, { bbox: [80, 10, 30, 30] }),
      annotation(6, { category_id: 99 }),
      annotation(7, { bbox: [] }),
      annotation(8, { bbox: [1, 2, 'x', 4] }),
      annotation(9, { image_id: 1234 }),
      annotation(10, { bbox: [10, 20, 30] }),
    ],
  });
  const { records, problems } = await loadCoco(file, images());
  // an impossible size is asked of the file
  expect(records.map(({ id, width, height }) => [id, width, height])).toEqual([
    [7, 100, 80],
    [10, 100, 80],
  ]);
  expect(records[0].annotationIds).toEqual([1, 5]);
  const found = problems.map(({ kind, id }) => `${kind} ${id}`).sort();
  expect(found).toEqual(
    [
      'bad-annotation 10',
      'duplicate 7',
      'bad-annotation 8',
      'bad-annotation 9',
      'box-outside 4',
      'box-outside 5',
      'empty-annotation 7',
      'missing-image 8',
      'missing-image 9',
      'unknown-category 6',
      'zero-area 2',
      'zero-area 3',
    ].sort(),
  );
  expect(problems.every(({ file: where, message }) => where.length > 0 && message.length > 10)).toBe(true);
});

it('says what is wrong with a file that is no COCO file', async () => {
  const text = path.join(root, 'text.json');
  writeFileSync(text, '{"images": [');
  await expect(loadCoco(text, images())).rejects.toThrow(/text\.json.*JSON/);
  writeFileSync(text, '[]');
  await expect(loadCoco(text, images())).rejects.toThrow(/expected an object/);
  writeFileSync(text, '{"images": [], "annotations": []}');
  await expect(loadCoco(text, images())).rejects.toThrow(/list "categories"/);
  await expect(loadCoco(path.join(root, 'none.json'), images())).rejects.toThrow(/Cannot find/);
  await expect(loadCoco(writeCoco('c.json', {}), images(), { classes: ['dgo'] })).rejects.toThrow(/mean "dog"/);
});

it('a COCO dataset is built from a config', async () => {
  const registry = new Registry(DATASETS);
  writeCoco('built.json', {});
  const coco = {
    type: 'CocoDataset',
    data_root: root,
    ann_file: 'built.json',
    data_prefix: { img: 'images/' },
    indices: 1,
  };
  expect((await (registry.build('dataset', coco, { path: 'train' }) as DatasetLoader).load()).records.length).toBe(1);
});

it('a file whose images cannot be used says why', async () => {
  await expect(loadCoco(writeCoco('nameless.json', { images: [{ id: 7 }, { id: 8 }] }), images())).rejects.toThrow(
    /it has no usable images\. .*file_name/,
  );
  await expect(loadCoco(writeCoco('none.json', { images: [] }), images())).rejects.toThrow(
    /it has no usable images\. It lists none/,
  );
});
