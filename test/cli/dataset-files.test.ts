// `detlab data convert | check | split | merge` on small data sets.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { greyImages, newFolder, writeFiles } from '../data/datasets/cases';
import { detlab } from './detlab';

let yolo: string;
let voc: string;
beforeAll(async () => {
  yolo = writeFiles({
    'data.yaml': 'train: images\nnames: [cat, dog]',
    'labels/a.txt': '0 0.5 0.5 0.5 0.5\n9 0 0 1 1\n',
  });
  await greyImages(path.join(yolo, 'images'), {
    'a.png': [40, 20],
    'b.png': [40, 20],
    'c.png': [40, 20],
    'd.png': [40, 20],
  });
  const object =
    '<object><name>bird</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>';
  voc = writeFiles({
    'Annotations/a.xml': `<annotation><size><width>40</width><height>20</height></size>${object}</annotation>`,
    'Annotations/b.xml': `<annotation><size><width>40</width><height>20</height></size>${object}</annotation>`,
    'ImageSets/Main/train.txt': 'a\n',
    'ImageSets/Main/test.txt': 'b\n',
  });
  await greyImages(path.join(voc, 'JPEGImages'), { 'a.png': [40, 20], 'b.png': [40, 20] });
});

const out = () => path.join(newFolder(), 'out');

test('convert writes another format, says what it cannot hold, and refuses a folder with files', async () => {
  const folder = out();
  const {
    code,
    out: text,
    err,
  } = await detlab('data', 'convert', '--data', `yolo:${yolo}`, '--to', 'coco', '--out', folder);
  expect([code, text.trim().split('\n').at(-1)]).toEqual([0, `written: ${folder} (coco, 4 images)`]);
  expect(err).not.toMatch(/ignored/);
  const { categories, annotations } = JSON.parse(
    readFileSync(path.join(folder, 'annotations/instances_train.json'), 'utf8'),
  );
  expect(categories.map(({ name }: { name: string }) => name)).toEqual(['cat', 'dog']);
  expect(annotations[0].bbox).toEqual([10, 5, 20, 10]);
  expect(readdirSync(path.join(folder, 'images/train'))).toHaveLength(4);
  const again = await detlab('data', 'convert', '--data', yolo, '--to', 'coco', '--out', folder);
  expect([again.code, again.err]).toEqual([2, expect.stringMatching(/the folder is not empty/)]);
  const wrong = await detlab('data', 'convert', '--data', yolo, '--to', 'cocoo', '--out', out());
  expect(wrong.err).toMatch(/Did you mean "coco"/);
});

test('convert takes the lists of a VOC folder by name', async () => {
  const folder = out();
  const data = `voc:${voc},train=train,val=test`;
  const { code, lines } = await detlab('data', 'convert', '--data', data, '--to', 'middle', '--out', folder, '--json');
  expect([code, lines()[0]]).toEqual([0, expect.objectContaining({ event: 'convert', images: 2, classes: ['bird'] })]);
  const { data_list } = JSON.parse(readFileSync(path.join(folder, 'val.json'), 'utf8'));
  expect(data_list[0].instances[0]).toEqual({ bbox: [1, 1, 8, 8], bbox_label: 0, ignore_flag: 0 });
});

test('check prints every problem and ends with 3 where there is one', async () => {
  const { code, out: text } = await detlab('data', 'check', '--data', yolo);
  expect([code, text]).toEqual([
    3,
    expect.stringMatching(/Line 2 of ".*a.txt" has the class id 9: the ids are 0, 1; skipped/),
  ]);
  expect((await detlab('data', 'check', '--data', voc)).code).toBe(0);
});

test('split holds out images, merge joins classes by name and keeps images apart', async () => {
  const halves = out();
  await detlab('data', 'split', '--data', yolo, '--share', '0.5', '--seed', '1', '--to', 'yolo', '--out', halves);
  expect(['train', 'val'].map((part) => readdirSync(path.join(halves, 'images', part)).length)).toEqual([2, 2]);
  const folder = out();
  const { code } = await detlab('data', 'merge', '--data', yolo, '--data', voc, '--to', 'coco', '--out', folder);
  expect(code).toBe(0);
  const { images, annotations, categories } = JSON.parse(
    readFileSync(path.join(folder, 'annotations/instances_train.json'), 'utf8'),
  );
  expect(new Set(images.map(({ id }: { id: number }) => id)).size).toBe(5);
  expect(new Set(images.map(({ file_name }: { file_name: string }) => file_name)).size).toBe(5);
  expect(categories.map(({ name }: { name: string }) => name)).toEqual(['cat', 'dog', 'bird']);
  expect(annotations.map(({ category_id }: { category_id: number }) => category_id)).toEqual([1, 3]);
  expect((await detlab('data', 'merge', '--data', yolo, '--to', 'coco', '--out', out())).err).toMatch(
    /give --data twice or more/,
  );
});

test('VOC 07 and 12 become one data set, in COCO and in the middle format', async () => {
  const object = (name: string, difficult: number) =>
    `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>20</ymax></bndbox></object>`;
  const xml = `<annotation><size><width>40</width><height>20</height></size>${object('dog', 0)}${object('person', 1)}</annotation>`;
  const devkit = writeFiles({
    'VOC2007/Annotations/000001.xml': xml,
    'VOC2007/Annotations/000003.xml': xml,
    'VOC2007/ImageSets/Main/trainval.txt': '000001\n',
    'VOC2007/ImageSets/Main/test.txt': '000003\n',
    'VOC2012/Annotations/2008_000001.xml': xml,
    'VOC2012/ImageSets/Main/trainval.txt': '2008_000001\n',
  });
  const size: [number, number] = [40, 20];
  await greyImages(path.join(devkit, 'VOC2007/JPEGImages'), { '000001.png': size, '000003.png': size });
  await greyImages(path.join(devkit, 'VOC2012/JPEGImages'), { '2008_000001.png': size });
  const both = [
    ...['--data', `voc:${devkit}/VOC2007,train=trainval,val=test`],
    ...['--data', `voc:${devkit}/VOC2012,train=trainval`],
  ];
  const [coco, middle] = [out(), out()];
  const merged = await detlab('data', 'merge', ...both, '--to', 'coco', '--out', coco);
  expect([merged.code, merged.err]).toEqual([0, expect.stringMatching(/objects are ignored, written with ignore: 1/)]);
  const { images, annotations } = JSON.parse(readFileSync(path.join(coco, 'annotations/instances_train.json'), 'utf8'));
  expect(images.map(({ file_name }: { file_name: string }) => file_name)).toEqual(['000001.png', '2008_000001.png']);
  // the first pixel of VOC is 1, and difficult objects are ignored
  const boxes = annotations.map((a: { bbox: number[]; ignore?: number }) => [a.bbox, a.ignore]);
  expect(boxes.slice(0, 2)).toEqual([
    [[0, 1, 8, 18], undefined],
    [[0, 1, 8, 18], 1],
  ]);
  expect((await detlab('data', 'merge', ...both, '--to', 'middle', '--out', middle)).code).toBe(0);
  const { data_list } = JSON.parse(readFileSync(path.join(middle, 'train.json'), 'utf8'));
  const instances = data_list.map((one: { instances: { bbox: number[]; ignore_flag: number }[] }) => one.instances);
  expect(instances[1]).toEqual([
    { bbox: [0, 1, 8, 19], bbox_label: 0, ignore_flag: 0 },
    { bbox: [0, 1, 8, 19], bbox_label: 1, ignore_flag: 1 },
  ]);
});

test('stats is statistics', async () => {
  expect((await detlab('data', 'stats', '--data', yolo)).out).toMatch(/objects per image/);
});
