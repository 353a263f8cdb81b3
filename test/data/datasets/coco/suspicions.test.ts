// Boxes in fractions, and boxes of two corners.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { annotation, CASE_IMAGES, greyImages, newFolder, writeCoco } from '../cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const noticesOf = async (boxes: number[][]) => {
  const annotations = boxes.map((bbox, id) => annotation({ id, bbox, area: undefined }));
  return (await loadCoco(writeCoco(folder, { annotations }), folder)).notices;
};

it('says that boxes may be fractions of the image size', async () => {
  const fractions = [
    [0.1, 0.2, 0.3, 0.4],
    [0.5, 0.5, 0.25, 0.5],
  ];
  expect(await noticesOf(fractions)).toEqual([expect.stringMatching(/fractions of the image size/)]);
  expect(await noticesOf([...fractions, [10, 10, 40, 40]])).toEqual([]);
});

it('says that boxes may be corners', async () => {
  const corners = [
    [300, 200, 500, 400],
    [400, 100, 620, 300],
    [10, 10, 60, 60],
  ];
  expect(await noticesOf(corners)).toEqual([expect.stringMatching(/2 of 3 boxes extend.*\[x1, y1, x2, y2\]/)]);
  expect(await noticesOf([...corners, [300, 200, 20, 20]])).toEqual([]);
});
