// Annotations written twice, and boxes that contradict the size of their image.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { annotation, boxesOf, CASE_IMAGES, caseFile, greyImages, kindsOf, newFolder, writeCoco } from '../cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (annotations: object[]) => loadCoco(writeCoco(folder, { annotations }), folder);

it('uses an annotation that is written twice once', async () => {
  const { records, problems } = await loadCoco(caseFile('coco/dup_ann.json'), folder);
  expect(records.map(({ annotationIds }) => annotationIds)).toEqual([[1], [2]]);
  expect(kindsOf(problems)).toEqual(['duplicate 1']);
});

it('uses both of two alike with distinct ids, and all of one id with distinct content, reported', async () => {
  const alike = await load([annotation(), annotation({ id: 2 })]);
  expect(alike.records[0].annotationIds).toEqual([1, 2]);
  expect(kindsOf(alike.problems)).toEqual(['duplicate 2']);
  const oneId = await load([
    annotation(),
    annotation({ bbox: [300, 50, 100, 80] }),
    annotation({ bbox: [300, 200, 50, 80] }),
    annotation({ image_id: 2 }),
  ]);
  expect(oneId.records.map(({ annotationIds }) => annotationIds)).toEqual([[1, 1, 1], [1]]);
  expect(kindsOf(oneId.problems)).toEqual(['duplicate 1']);
});

it('asks the file for its size when a box contradicts the annotated one', async () => {
  const images = [{ id: 1, file_name: 'a.jpg', width: 480, height: 640 }];
  const far = annotation({ bbox: [500, 50, 100, 100] });
  const { records, problems } = await loadCoco(writeCoco(folder, { images, annotations: [far] }), folder);
  expect([records[0].width, records[0].height]).toEqual([640, 480]);
  expect(boxesOf(records[0])).toEqual([[500, 50, 600, 150]]);
  expect(kindsOf(problems)).toEqual(['image-size 1']);
  expect(problems[0].message).toMatch(/is 640 x 480 pixels, its annotation says 480 x 640.*turned/);
});

it('writes the numbers of a box without what a computation adds far behind the point', async () => {
  const { problems } = await load([annotation({ bbox: [0.1 + 0.2, 400, 660 + 1 / 12345, 60] })]);
  expect(problems[0].message).toContain(
    '[0.3, 400, 660.0001, 60] (x, y, w, h) of "a.jpg" extends beyond the 640 x 480',
  );
});

it('reports boxes outside the image, and those beyond its border', async () => {
  const { records, problems } = await load([
    annotation({ bbox: [650, 50, 100, 100] }),
    annotation({ id: 2, bbox: [600, 400, 60, 100] }),
    annotation({ id: 3, bbox: [600, 400, 40.5, 80.5] }),
  ]);
  expect(records[0].annotationIds).toEqual([2, 3]);
  expect(kindsOf(problems)).toEqual(['box-outside 1', 'box-outside 2']);
});
