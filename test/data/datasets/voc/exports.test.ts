// VOC folders as tools' own exporters write them; the boxes are those of the COCO files that were exported.

import path from 'node:path';
import { expect, it } from 'vitest';
import { loadVoc, type VocOptions } from '../../../../src/data/datasets/voc';
import { boxesOf, CASE_IMAGES, copyOfCase, greyImages, kindsOf } from '../cases';

/** @param images the folder of images, and the folder in it for those of each annotation */
async function load(name: string, images: string, options: VocOptions = {}) {
  const folder = copyOfCase(`exports/${name}`);
  await greyImages(path.join(folder, images), CASE_IMAGES);
  const { records, classes, problems, notices = [] } = await loadVoc(folder, options);
  const boxes = Object.fromEntries(
    records.map((record) => [
      path.basename(record.path, '.jpg'),
      boxesOf(record).map((box, i) => [classes[record.truths.labels[i]], ...box]),
    ]),
  );
  return { boxes, problems: kindsOf(problems), notices: notices.join('\n') };
}

const countsFromZero =
  /count from 0, not from 1 as VOC's \((xmin \S+ of object \d in ".*"|".*" was written by Label Studio)\)/;

it("reads globox's boxes as they are: fractions and 0", async () => {
  const { boxes, problems, notices } = await load('globox_voc', 'images');
  expect(boxes).toEqual({
    a: [
      ['RBC', 100, 50, 200, 150],
      ['WBC', 300.5, 200.25, 400.5, 320.75],
    ],
    b: [
      ['Platelets', 10.4, 20.6, 40.4, 60.6],
      ['RBC', 600, 400, 660, 500],
      ['RBC', 50, 60, 150, 160],
    ],
    'cell 3': [
      ['WBC', 261.7, 189.02, 378.3, 290.98],
      ['Platelets', 0, 0, 500, 375],
    ],
  });
  expect(problems).toEqual(['box-outside b#2']);
  expect(notices).toMatch(countsFromZero);
  expect(notices).toContain(
    '{ firstPixel: 1 } (first_pixel in configs, --data voc:FOLDER,first-pixel=1) reads them as MMDetection does',
  );
});

it("reads Label Studio's, which are whole numbers", async () => {
  const { boxes, notices } = await load('label_studio_voc', 'images');
  expect(boxes).toMatchObject({ a: [['RBC', 100, 50, 200, 150]], 'cell 3': [['WBC', 291, 189, 391, 249], {}] });
  expect(notices).toMatch(countsFromZero);
});

it("reads datumaro's and CVAT's, also in sub-folders", async () => {
  const flat = await load('datumaro_voc', 'JPEGImages');
  expect(flat.boxes).toEqual({
    a: [['RBC', 100, 50, 200, 150]],
    b: [
      ['Platelets', 10.4, 20.6, 40.4, 60.6],
      ['RBC', 600, 400, 660, 500],
    ],
    'cell 3': [['Platelets', 0, 0, 500, 375]],
  });
  const folders = await load('datumaro_voc_folders', 'JPEGImages/day1');
  expect(folders.boxes).toEqual(flat.boxes);
  for (const { notices } of [flat, folders]) expect(notices).toMatch(countsFromZero);
});

it("reads FiftyOne's folders labels and data", async () => {
  const { boxes, notices } = await load('fiftyone_voc', 'data');
  expect(boxes.a).toEqual([
    ['RBC', 100, 50, 200, 150],
    ['WBC', 300, 200, 400, 320],
  ]);
  expect(boxes['cell 3'][1]).toEqual(['Platelets', 0, 0, 500, 375]);
  expect(notices).toMatch(countsFromZero);
});

it("reads supervision's, which count from 1, as MMDetection does", async () => {
  const plain = await load('supervision_voc', 'images');
  expect(plain.boxes.a).toEqual([
    ['RBC', 100, 50, 199, 149],
    ['WBC', 301, 200, 399, 320],
  ]);
  expect(plain.notices).toBe('');
  const polygons = await load('supervision_polygons_voc', 'images');
  expect(polygons.boxes.a).toEqual([
    ['RBC', 100, 50, 200, 150],
    ['WBC', 300, 200, 400, 321],
  ]);
  expect(polygons.notices).toContain('7 objects have polygons, of which only the boxes are used');
});

it("reads the polygons of LabelMe's XML as boxes", async () => {
  const { boxes, notices } = await load('datumaro_labelme', 'train');
  expect(boxes['cell 3']).toEqual([
    ['WBC', 261.7, 189.02, 378.3, 290.98],
    ['Platelets', 0, 0, 500, 375],
  ]);
  expect(boxes.a[0]).toEqual(['RBC', 100, 50, 200, 150]);
  expect(notices).toContain('have polygons');
});

it('reads any of them as VOC where that is requested', async () => {
  const { boxes, notices } = await load('globox_voc', 'images', { firstPixel: 1 });
  expect(boxes.b[0]).toEqual(['Platelets', 9, 19, 39, 59]);
  expect(notices).toBe('');
});
