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
