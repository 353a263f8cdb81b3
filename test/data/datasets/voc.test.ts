// VOC folders, good and bad: what becomes a truth, what is reported, by file and id.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import type { DatasetLoader } from '../../../src/data/datasets/dataset-loader';
import { DATASETS } from '../../../src/data/datasets/list';
import { loadVoc } from '../../../src/data/datasets/voc';
import { decodeImage } from '../../../src/data/loading/decode';

let root: string;

const images = () => path.join(root, 'images');

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'));
  mkdirSync(images());
  const plain = sharp({ create: { width: 100, height: 80, channels: 3, background: '#336699' } });
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await plain.clone().jpeg().toFile(path.join(images(), name));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const object = (name: string, box: number[], more = '') =>
  `<object><name>${name}</name>${more}<bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object>`;

const size = '<size><width>100</width><height>80</height><depth>3</depth></size>';

let voc: string;

beforeAll(async () => {
  voc = path.join(root, 'voc');
  for (const folder of ['Annotations', 'ImageSets/Main', 'JPEGImages'])
    mkdirSync(path.join(voc, folder), { recursive: true });
  const write = (id: string, xml: string) => writeFileSync(path.join(voc, 'Annotations', `${id}.xml`), xml);
  write(
    'one',
    `<annotation>${size}${object('dog', [11, 21, 40.9, 60])}${object('cat', [1, 1, 20, 20], '<difficult>1</difficult>')}</annotation>`,
  );
  write('two', `<annotation>${object('dog', [5, 5, 50, 50])}</annotation>`);
  write(
    'flat',
    `<annotation>${size}${object('dog', [5, 5, 5, 50])}${object('dog', [300, 5, 350, 50])}<object><name>cat</name></object><object><bndbox/></object>${object('cat', [1, 2, 3, Number.NaN])}</annotation>`,
  );
  write('empty', '');
  write('torn', '<annotation><object><name>dog</na');
  write('gone', `<annotation>${size}${object('dog', [5, 5, 50, 50])}</annotation>`);
  write('elsewhere', `<annotation>${size}${object('bird', [5, 5, 50, 50])}</annotation>`);
  for (const id of ['one', 'two', 'flat', 'empty', 'torn'])
    writeFileSync(path.join(voc, 'JPEGImages', `${id}.jpg`), readFileSync(path.join(images(), 'a.jpg')));
  writeFileSync(path.join(voc, 'ImageSets/Main/train.txt'), 'one  1\ntwo -1\n\nflat\nempty\ntorn\ngone\nabsent\n');
});

it('counts from 0, cuts to integers, ignores difficult ones, asks the image for a missing size', async () => {
  const { records, classes, notices } = await loadVoc(voc, { firstPixel: 1 });
  expect(classes).toEqual(['bird', 'cat', 'dog']);
  const [one, two] = records;
  expect([...one.truths.bboxes]).toEqual([10, 20, 39, 59, 0, 0, 19, 19]);
  expect([[...one.truths.labels], [...one.truths.ignored]]).toEqual([
    [2, 1],
    [0, 1],
  ]);
  expect([two.width, two.height]).toEqual([100, 80]);
  expect(notices).toEqual(['voc: 1 of 4 annotations have no size; the image files are asked']);
});

it('reports bad files and objects by id', async () => {
  const { records, problems } = await loadVoc(voc, { split: 'train', classes: ['dog', 'cat'] });
  expect(records.map((record) => path.basename(record.path, '.jpg'))).toEqual(['one', 'two', 'flat']);
  expect(problems.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(
    [
      'zero-area flat#1',
      'box-outside flat#2',
      'empty-annotation flat#3',
      'unknown-category flat#4',
      'bad-annotation flat#5',
      'empty-annotation empty',
      'bad-annotation torn',
      'missing-image gone',
      'bad-annotation absent',
    ].sort(),
  );
});

it('names the splits there are', async () => {
  await expect(loadVoc(voc, { split: 'trian' })).rejects.toThrow(/mean "train"/);
  await expect(loadVoc(root)).rejects.toThrow(/Annotations/);
});

it('is built from a config', async () => {
  const registry = new Registry(DATASETS);
  const config = {
    type: 'VOCDataset',
    data_root: voc,
    ann_file: 'ImageSets/Main/train.txt',
    metainfo: { classes: ['dog'] },
  };
  const data = await (registry.build('dataset', config, { path: 'train' }) as DatasetLoader).load();
  expect(data.classes).toEqual(['dog']);
  const more = { ...config, metainfo: { classes: ['dog', 'birdd'] } };
  const build = (options: typeof config) => registry.build('dataset', options, { path: 'train' }) as DatasetLoader;
  await expect(build(more).load()).rejects.toThrow(/Did you mean "bird".*absent_classes/);
  const noted = { ...more, absent_classes: 'note' };
  expect((await build(noted).load()).classes).toEqual(['dog', 'birdd']);
  const from = async (first_pixel: 0 | 1) => {
    const loader = registry.build('dataset', { ...config, first_pixel }, { path: 'train' }) as DatasetLoader;
    return [...(await loader.load()).records[0].truths.bboxes];
  };
  expect(await from(1)).toEqual([10, 20, 39, 59]);
  expect(await from(0)).toEqual([11, 21, Math.fround(40.9), 60]);
  expect(() => registry.build('dataset', { ...config, ann_file: 'train.txt' }, { path: 'train' })).toThrow(/ImageSets/);
});

const bccd = path.resolve(__dirname, '../../../../shared/data/bccd');

if (!existsSync(bccd)) console.log(`skipped: photographs of blood cells, expected at ${bccd}`);

it.skipIf(!existsSync(bccd))('reads real photographs with real mistakes in them', async () => {
  const train = await loadVoc(bccd, { split: 'train' });
  expect(train.classes).toEqual(['Platelets', 'RBC', 'WBC']);
  expect(train.records.length).toBe(205);
  expect(train.problems.map(({ kind, id }) => [kind, id])).toEqual([['zero-area', 'BloodImage_00343#4']]);
  const image = await decodeImage(train.records[0].path);
  expect([image.width, image.height]).toEqual([train.records[0].width, train.records[0].height]);
});
