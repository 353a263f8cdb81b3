// Images whose files have nearly the annotated name, and folders that are the wrong ones.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { annotation, CASE_IMAGES, caseFile, greyImages, kindsOf, newFolder, writeCoco } from '../cases';

let root: string;
let folder: string;
beforeAll(async () => {
  root = newFolder();
  folder = path.join(root, 'images');
  mkdirSync(folder);
  await greyImages(folder, {
    ...CASE_IMAGES,
    'img/c.jpg': [640, 480],
    '\u00fc.png': [640, 480],
    'day1/d.jpg': [640, 480],
    'day2/d.jpg': [640, 480],
  });
});
afterAll(() => rmSync(root, { recursive: true }));

const load = (images: object[], annotations: object[] = []) =>
  loadCoco(writeCoco(root, { images, annotations }), folder);
const found = async (...images: object[]) =>
  (await load(images.map((image, i) => ({ id: i + 1, width: 640, height: 480, ...image })))).records.map((record) =>
    path.relative(folder, record.path).replaceAll(path.sep, '/'),
  );

it.each([
  ['coco/percent', ['a.jpg', 'cell 3.jpg'], /"cell%203\.jpg" as "cell 3\.jpg"/],
  ['coco/winpath', ['a.jpg', 'b.jpg'], /2 images are found under another name, such as "img\\a\.jpg" as "a\.jpg"/],
  ['coco/case', ['a.jpg', 'b.jpg'], /"a\.JPG" as "a\.jpg"/],
  ['exports/labelme', ['a.jpg', 'b.jpg', 'cell 3.jpg'], /3 images are found/],
  ['exports/label_studio', ['a.jpg', 'b.jpg', 'cell 3.jpg'], /3 images are found/],
  ['exports/datumaro', ['a.jpg', 'b.jpg', 'cell 3.jpg'], /3 images are found/],
])('%s.json: every image is found, and the guess said', async (name, files, said) => {
  const { records, notices, problems } = await loadCoco(caseFile(`${name}.json`), folder);
  expect(records.map((record) => path.basename(record.path))).toEqual(files);
  expect(notices!.filter((line) => said.test(line)).length).toBe(1);
  expect(problems.filter(({ kind }) => kind === 'missing-image')).toEqual([]);
});

it('finds bare names in sub-folders beside others, never by a coco_url that is none', async () => {
  const none = { coco_url: 'n/a' }; // V7's, of which the end is no name of a.jpg
  expect(await found({ file_name: 'a.jpg', ...none }, { file_name: 'c.jpg', ...none })).toEqual(['a.jpg', 'img/c.jpg']);
  expect(await found({ file_name: 'a.jpg' }, { file_name: 'd.jpg' })).toEqual(['a.jpg']); // of two days
});

it('reads the names that tools write', async () => {
  expect(await found({ file_name: 'img\\c.jpg' })).toEqual(['img/c.jpg']);
  expect(await found({ file_name: './a.jpg' }, { file_name: 'images/b.jpg' })).toEqual(['a.jpg', 'b.jpg']);
  expect(await found({ file_name: 'C:\\data\\IMG\\C.JPG' })).toEqual(['img/c.jpg']);
  expect(await found({ file_name: 'c.jpg', path: 'img/c.jpg' })).toEqual(['img/c.jpg']);
  expect(await found({ coco_url: 'http://images.cocodataset.org/val2017/a.jpg?size=big' })).toEqual(['a.jpg']);
  expect(await found({ file_name: '/data/local-files/?d=img%2Fc.jpg' })).toEqual(['img/c.jpg']);
  expect(await found({ file_name: null, path: 'a.jpg' })).toEqual(['a.jpg']);
  expect(await found({ file_name: '../images/a.jpg' })).toEqual(['a.jpg']);
  expect(await found({ file_name: 'cell%25203.jpg' }, { file_name: ' a.jpg ' })).toEqual(['cell 3.jpg', 'a.jpg']);
  expect(await found({ file_name: 'cell+3.jpg' })).toEqual(['cell 3.jpg']);
  expect(await found({ file_name: 'A.jpeg' }, { file_name: 'IMG/c' })).toEqual(['a.jpg', 'img/c.jpg']);
  expect(await found({ file_name: 'a' }, { file_name: 'u\u0308.png' })).toEqual(['a.jpg', '\u00fc.png']);
});

it('takes no file for two images', async () => {
  const { records, problems } = await load([
    { id: 1, file_name: 'x/a.jpg', width: 640, height: 480 },
    { id: 2, file_name: 'y/a.jpg', width: 640, height: 480 },
    { id: 3, file_name: 'b.jpg', width: 640, height: 480 },
  ]);
  expect(records.map(({ id }) => id)).toEqual([3]);
  expect(kindsOf(problems)).toEqual(['missing-image 1', 'missing-image 2', 'no-objects']);
  const twice = await load([
    { id: 1, file_name: 'a.jpg', width: 640, height: 480 },
    { id: 2, file_name: 'a.jpg', width: 640, height: 480 },
  ]);
  expect(kindsOf(twice.problems)).toEqual(['duplicate 2', 'no-objects']);
});

it('never leaves the folder', async () => {
  await greyImages(root, { 'secret.jpg': [640, 480] });
  const { records } = await load([
    { id: 1, file_name: 'a.jpg', width: 640, height: 480 },
    { id: 2, file_name: '../secret.jpg', width: 640, height: 480 },
    { id: 3, file_name: path.join(root, 'secret.jpg'), width: 640, height: 480 },
    { id: 4, file_name: '%2e%2e/secret.jpg', width: 640, height: 480 },
    { id: 5, file_name: '..\\secret.jpg', width: 640, height: 480 },
  ]);
  expect(records.map(({ id }) => id)).toEqual([1]);
});

it.each(['no_wh', 'null_wh', 'str_wh'])('coco/%s.json: the file gives the size', async (name) => {
  const { records, notices } = await loadCoco(caseFile(`coco/${name}.json`), folder);
  expect(records.map(({ width, height }) => [width, height])).toEqual([
    [640, 480],
    [640, 480],
  ]);
  expect(notices!.length).toBe(name === 'str_wh' ? 0 : 1);
});

it('compares the size of some images with their files', async () => {
  const { records, problems } = await loadCoco(caseFile('coco/half_wh.json'), folder);
  expect(kindsOf(problems)).toEqual(['image-size 1', 'image-size 2']);
  expect(problems[0].message).toMatch(/is 640 x 480 pixels, its annotation says 320 x 240.*resized after annotation/);
  expect(records.map(({ width, height }) => [width, height])).toEqual([
    [640, 480],
    [640, 480],
  ]);
});

it('numbers images whose ids are no integers, and keeps ids above 2^53 apart', async () => {
  const images = [
    { id: 'street-1', file_name: 'a.jpg', width: 640, height: 480 },
    { id: '9007199254740993', file_name: 'b.jpg', width: 640, height: 480 },
    { id: 5, file_name: 'cell 3.jpg', width: 500, height: 375 },
  ];
  const { records, notices } = await load(images, [annotation({ image_id: '9007199254740993' })]);
  expect(records.map(({ id, annotationIds }) => [id, annotationIds])).toEqual([
    [6, []],
    [7, [1]],
    [5, []],
  ]);
  expect(notices).toEqual([expect.stringContaining('"street-1" are no integers')]);
});

it('refuses a folder that does not exist, or has none of the images, with the right one', async () => {
  const file = caseFile('coco/dup_ann.json');
  await expect(loadCoco(file, path.join(root, 'imges'))).rejects.toThrow(
    /no image folder.*images" has "a\.jpg": give that/,
  );
  await expect(loadCoco(file, root)).rejects.toThrow(/none of its 2 images, such as "a\.jpg".*images" has "a\.jpg"/);
  await expect(loadCoco(file, path.join(folder, 'day1'))).rejects.toThrow(/none of its 2 images/);
  await expect(load([])).rejects.toThrow(/no usable images/);
  const partly = await load([
    { id: 1, file_name: 'a.jpg', width: 640, height: 480 },
    { id: 2, file_name: 'gone.jpg', width: 640, height: 480 },
  ]);
  expect(kindsOf(partly.problems)).toEqual(['missing-image 2', 'no-objects']);
});
