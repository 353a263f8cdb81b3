// dataset.voc: which images train and which validate.

import path from 'node:path';
import { expect, it } from 'vitest';
import { dataset } from '../../src/lab/dataset';
import { CASE_IMAGES, copyOfCase, greyImages, vocXml, writeFiles } from '../data/datasets/cases';

async function voc(files: Record<string, string>, options: Parameters<typeof dataset.voc>[1] = {}) {
  const folder = writeFiles(files);
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  return dataset.voc(folder, options);
}
const xml = vocXml([['x', [10, 10, 30, 30]]]);
const annotations = { 'Annotations/a.xml': xml, 'Annotations/b.xml': xml };

it('keeps a validation list that equals the training list, and says so', async () => {
  const folder = copyOfCase('voc/same');
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  const data = await dataset.voc(folder);
  expect([data.train.records.length, data.val?.records.length]).toEqual([2, 2]);
  expect(data.notices).toEqual([
    '2 of 2 validation images are training images too: AP on them says nothing about new images',
  ]);
  expect(data.table().note).toContain('2 of 2 validation images');
});

it('has no validation part without a list for it, unless one is named', async () => {
  const lists = { ...annotations, 'ImageSets/Main/train.txt': 'a', 'ImageSets/Main/holdout.txt': 'b' };
  expect((await voc(annotations)).val).toBeUndefined();
  expect((await voc(lists)).val).toBeUndefined();
  expect((await voc(lists, { val: 'holdout' })).val?.records.length).toBe(1);
  await expect(voc(lists, { val: 'holdut' })).rejects.toThrow(/Did you mean "holdout"/);
});

it('does not lose a validation list that cannot be read', async () => {
  const lists = { ...annotations, 'ImageSets/Main/train.txt': 'a', 'ImageSets/Main/val.txt': 'c' };
  await expect(voc(lists)).rejects.toThrow(/none of its 1 annotations can be used/);
});

it('counts objects of classes that the user left out of both splits', async () => {
  const files = {
    'Annotations/a.xml': xml,
    'Annotations/b.xml': vocXml(['x', 'y'].map((name) => [name, [10, 10, 30, 30]])),
    'ImageSets/Main/train.txt': 'a\nb',
    'ImageSets/Main/val.txt': 'b',
  };
  const data = await voc(files, { classes: ['x'] });
  expect([data.problems, data.train.otherClasses, data.val?.otherClasses]).toEqual([[], 1, 1]);
});

it('reads both splits with one first pixel', async () => {
  const lists = { 'Annotations/c.xml': vocXml([['x', [0, 10, 30, 30]]]), 'ImageSets/Main/train.txt': 'a' };
  const data = await voc({ ...annotations, ...lists, 'ImageSets/Main/val.txt': 'b' });
  expect([data.train, data.val].map((part) => part?.records[0].truths.bboxes[0])).toEqual([10, 10]);
  expect(data.notices.length).toBe(1);
});

it('opens any format: both parts of the same classes, the name of the format in notices', async () => {
  const folder = writeFiles({
    'data.yaml': 'train: train/images\nval: valid/images\nnames: [cat, dog]',
    'train/labels/a.txt': '0 0.5 0.5 0.5 0.5',
    'valid/labels/b.txt': '1 0.5 0.5 0.5 0.5\n5 0.5 0.5 0.5 0.5',
  });
  await greyImages(folder, { 'train/images/a.png': [40, 40], 'valid/images/b.png': [40, 40] });
  const data = await dataset.open(folder, { name: 'pets' });
  expect([data.name, data.classes, data.val?.records.length]).toEqual(['pets', ['cat', 'dog'], 1]);
  expect(data.notices[0]).toMatch(/opened as YOLO: "data.yaml" names classes and splits/);
  expect(data.problems.map(({ id }) => id)).toEqual(['b.txt#2']);
  const cats = await dataset.open(folder, { format: 'yolo', classes: ['cat'] });
  expect([cats.val?.otherClasses, cats.problems.filter(({ kind }) => kind === 'unknown-category')]).toEqual([
    1,
    [expect.anything()],
  ]);
  await expect(dataset.open(folder, { formt: 'yolo' } as never)).rejects.toThrow(/formt/);
  await expect(dataset.open(7 as never)).rejects.toThrow(
    /expected a folder or an annotation file, received the number 7/,
  );
});

it('makes a data set of lists, checked like a file', async () => {
  const folder = writeFiles({});
  await greyImages(folder, { 'a.png': [40, 30], 'b.png': [40, 30] });
  const [a, b] = ['a.png', 'b.png'].map((name) => path.join(folder, name));
  const data = await dataset.from(
    [
      {
        image: a,
        boxes: [Float32Array.of(1, 2, 11, 12), [0, 0, 90, 9]],
        labels: ['cat', 'dog'],
        ignored: [false, true],
      },
      { image: b, boxes: [], labels: [], split: 'valid' },
      { image: path.join(folder, 'absent.png') },
    ],
    { name: 'mine' },
  );
  expect([data.classes, data.train.records.length, data.val?.records.length]).toEqual([['cat', 'dog'], 1, 1]);
  expect([...data.train.records[0].truths.bboxes]).toEqual([1, 2, 11, 12, 0, 0, 90, 9]);
  expect([...data.train.records[0].truths.ignored]).toEqual([0, 1]);
  expect(data.train.problems.map(({ kind }) => kind)).toEqual(['missing-image', 'box-outside']);
  const centred = await dataset.from([{ image: a, boxes: [[10, 10, 4, 6]], labels: [1] }], {
    classes: ['cat', 'dog'],
    boxFormat: 'cxcywh',
  });
  expect([...centred.train.records[0].truths.bboxes]).toEqual([8, 7, 12, 13]);
  for (const [wrong, message] of [
    [
      [{ image: a, boxes: [[1, 2, 3]], labels: ['cat'] }],
      /image 0 \(".*a.png"\) of dataset.from: expected four numbers in boxes\[0\]/,
    ],
    [[{ image: a, boxes: [[1, 2, 3, 4]] }], /expected as many labels as boxes, received 0 and 1/],
    [[{ image: a, boxes: [[1, 2, 3, 4]], labels: [0] }], /labels\[0\] is the number 0: give the names of the classes/],
    [[{ image: a, box: [] }], /it has no key "box". Did you mean "boxes"\?/],
    [[], /of no images/],
    [[{ boxes: [] }], /expected \{ image: 'a.jpg', boxes, labels \}/],
  ] as const)
    await expect(dataset.from(wrong as never)).rejects.toThrow(message);
});
