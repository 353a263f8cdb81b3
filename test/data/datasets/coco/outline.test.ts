// Segmentations: which give a mask, which do not and why.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { outlineArea, outlineBox, readOutline } from '../../../../src/data/datasets/coco/outline';
import { countObjects } from '../../../../src/data/datasets/count-objects';
import { countsToString } from '../../../../src/masks';
import { CASE_IMAGES, caseFile, greyImages, kindsOf, newFolder } from '../cases';

const square = [10, 10, 50, 10, 50, 40, 10, 40];

describe('readOutline', () => {
  it.each([undefined, null, '', [], {}, [[]]])('%j is none', (value) => {
    expect(readOutline(value)).toEqual({ kind: 'none' });
  });
  it.each([
    ['a flat list', square, /flat list of numbers/],
    [
      'a list of points',
      [
        [10, 10],
        [50, 10],
        [50, 40],
      ],
      /list of points/,
    ],
    ['a polygon of two points', [[10, 10, 50, 40]], /at least three points/],
    ['a polygon of one point', [[10, 10]], /at least three points/],
    ['an odd number of coordinates', [[10, 10, 50, 10, 50, 40, 10]], /at least three points/],
    ['coordinates that are no numbers', [[10, null, 50, 10, 50, 40]], /at least three points/],
    ['coordinates beyond any image', [[0, 0, 1e300, 0, 1e300, 9]], /at least three points/],
    ['run lengths beyond any image', { size: [1e6, 1e6], counts: [0, 1e12] }, /without a size/],
    ['a string', 'polygon', /is a string/],
    ['run lengths without size', { counts: [0, 4] }, /without a size/],
    ['run lengths of another number of pixels', { size: [2, 2], counts: [1, 4] }, /5 pixels, its size 2 x 2 has 4/],
    ['no foreground', { size: [2, 2], counts: [4] }, /empty mask/],
    ['negative runs', { size: [2, 2], counts: [5, -1] }, /neither integers nor a string/],
    ['a string of bytes', { size: [2, 2], counts: "b'42:'" }, /cannot be decoded|pixels/],
  ])('%s is bad', (_, value, why) => {
    expect(readOutline(value)).toEqual({ kind: 'bad', why: expect.stringMatching(why) });
  });
  it('drops the parts that are no polygons', () => {
    expect(readOutline([[1, 2, 3, 4], square])).toEqual({
      kind: 'usable',
      segmentation: [square],
      skipped: 1,
      parts: 2,
    });
  });
  it('reads run lengths as a list and as a string', () => {
    const counts = [4, 2, 10];
    for (const given of [counts, countsToString(Uint32Array.from(counts))]) {
      const outline = readOutline({ size: [4, 4], counts: given });
      if (outline.kind !== 'usable') throw new Error(`expected an outline, received ${outline.kind}`);
      expect(outlineBox(outline.segmentation)).toEqual([1, 0, 1, 2]);
      expect(outlineArea(outline.segmentation, { width: 4, height: 4 })).toBe(2);
    }
  });
});

describe('in a dataset', () => {
  let folder: string;
  beforeAll(async () => {
    folder = newFolder();
    await greyImages(folder, {
      ...CASE_IMAGES,
      '1.jpg': [80, 60],
      '2.jpg': [80, 60],
      '3.jpg': [80, 60],
      '4.jpg': [80, 60],
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['coco/seg_flat', 2, 2, ['bad-outline 1']],
    ['coco/seg_rle_badsize', 2, 2, ['bad-outline 1']],
    ['masks/onebad', 4, 1, ['bad-outline 4']],
    ['masks/flat', 2, 2, ['bad-outline 1', 'bad-outline 2']],
    ['exports/datumaro', 7, 4, ['box-outside 4']],
    ['exports/sahi', 7, 4, ['box-outside 4']],
    ['exports/fiftyone', 7, 4, ['box-outside 4']],
    ['exports/labelme', 7, 4, ['box-outside 4']],
    ['exports/label_studio', 7, 5, ['box-outside 3']],
  ])('%s.json: of %i objects %i have no outline', async (name, objects, withoutOutline, problems) => {
    const dataset = await loadCoco(caseFile(`${name}.json`), folder);
    expect(countObjects(dataset)).toMatchObject({ outlines: true, objects, withoutOutline });
    expect(kindsOf(dataset.problems)).toEqual(problems);
  });

  it.each(['globox', 'supervision'])('exports/%s.json has boxes alone', async (name) => {
    const dataset = await loadCoco(caseFile(`exports/${name}.json`), folder);
    expect(countObjects(dataset)).toMatchObject({ outlines: false, objects: 7 });
  });
});
