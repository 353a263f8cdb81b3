// Boxes, ids and flags of annotations as tools write them.

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

it.each([
  ['no_id', 2],
  ['iscrowd_null', 2],
  ['str_image_id', 2],
  ['cat_int_name', 2],
  ['keypoints', 2],
  ['no_area', 2],
  ['image_id_0', 2],
  ['seg_only', 2],
] as const)('coco/%s.json loses nothing', async (name, count) => {
  const { records, problems } = await loadCoco(caseFile(`coco/${name}.json`), folder);
  const boxes = records.flatMap(boxesOf);
  expect(boxes).toEqual(Array.from({ length: count }, () => [100, 50, 200, 150]));
  expect(records.flatMap(({ truths }) => [...truths.ignored])).toEqual([0, 0]);
  expect(problems).toEqual([]);
});

it('numbers annotations without id after the others, and says so', async () => {
  const { records, notices } = await loadCoco(caseFile('coco/no_id.json'), folder);
  expect(records.flatMap(({ annotationIds }) => annotationIds)).toEqual([3, 2]);
  expect(notices).toEqual([expect.stringMatching(/no_id\.json: 1 of 2 annotations have no id/)]);
});

it('takes a missing, null, empty, broken or flat box from the outline beside it', async () => {
  const segmentation = [[100, 50, 200, 50, 200, 150]];
  const boxes = [undefined, null, [], [1, 2, 3], ['x', 2, 3, 4], [100, 50, 0, 0]];
  const { records, problems } = await load(
    boxes.map((bbox, i) => annotation({ id: i, category_id: 1, bbox, segmentation })),
  );
  expect(boxesOf(records[0])).toEqual(boxes.map(() => [100, 50, 200, 150]));
  // what the file says and is not used is reported, as is that all six are alike
  const said = kindsOf(problems).filter((kind) => !kind.startsWith('duplicate'));
  expect(said).toEqual(['bad-annotation 3', 'bad-annotation 4', 'zero-area 5']);
});

it('skips and reports what has neither box nor outline', async () => {
  const { problems, records } = await loadCoco(caseFile('coco/bbox_null.json'), folder);
  expect(kindsOf(problems)).toEqual(['empty-annotation 1']);
  expect(records.flatMap(boxesOf)).toEqual([[100, 50, 200, 150]]);
});

it('reads numbers written as strings, and takes the area of an outline when none is given', async () => {
  const { records, problems } = await load([
    annotation({ id: '7', image_id: '1', category_id: '1', bbox: ['100', '50', '100.5', '80'], area: '42' }),
    annotation({ id: 8, bbox: [10, 10, 20, 20], area: null, segmentation: [[10, 10, 30, 10, 30, 30, 10, 30]] }),
    annotation({ id: 9, bbox: [50, 10, 20, 20], area: undefined }),
    annotation({ id: 10, bbox: [90, 10, 20, 20], area: null, segmentation: [[90, 10, 110, 10, 110, 30]] }),
  ]);
  expect(problems).toEqual([]);
  expect(boxesOf(records[0])[0]).toEqual([100, 50, 200.5, 130]);
  const areas = [...records[0].areas];
  expect(areas.slice(0, 3)).toEqual([42, 400, 400]);
  expect(areas[3]).toBeGreaterThan(180);
  expect(areas[3]).toBeLessThan(220);
});

it.each([
  [null, 0],
  [undefined, 0],
  [0, 0],
  ['0', 0],
  [false, 0],
  ['false', 0],
  ['', 0],
  [1, 1],
  ['1', 1],
  [true, 1],
])('iscrowd and ignore of %j are %i', async (flag, ignored) => {
  const [crowd, ignore] = await Promise.all([
    load([annotation({ iscrowd: flag })]),
    load([annotation({ ignore: flag })]),
  ]);
  expect([...crowd.records[0].truths.ignored, ...ignore.records[0].truths.ignored]).toEqual([ignored, ignored]);
  expect(crowd.records[0].crowds?.[0] ?? 0).toBe(ignored);
  expect(ignore.records[0].crowds).toBeUndefined();
});

it('keeps `ignore: 1` as an ignored box', async () => {
  const { records } = await loadCoco(caseFile('coco/ignore1.json'), folder);
  expect(records.map(({ truths }) => [...truths.ignored])).toEqual([[1], [0]]);
});

it.each(['datumaro_rotated', 'cvat'])('turns boxes by attributes.rotation: exports/%s.json', async (name) => {
  const { records, notices, problems } = await loadCoco(caseFile(`exports/${name}.json`), folder);
  // the box that fiftyone, SAHI and labelme give for the same object
  expect(boxesOf(records[0])[0]).toEqual([261.7, 189.02, 378.3, 290.98]);
  expect(records[0].areas[0]).toBe(6000);
  expect(problems).toEqual([]);
  expect(notices!.filter((line) => /1 box has an angle/.test(line)).length).toBe(1);
});

it('leaves a box with an angle whose area says that it was turned before, and reports it', async () => {
  const { records, problems, notices } = await load([
    annotation({ bbox: [100, 50, 117, 102], area: 6000, attributes: { rotation: 30 } }),
    annotation({ id: 2, bbox: [300, 50, 100, 60], area: 6000, attributes: { rotation: 180 } }),
    annotation({ id: 3, bbox: [300, 200, 100, 60], area: 6000, rotation: -90 }),
  ]);
  expect(boxesOf(records[0])).toEqual([
    [100, 50, 217, 152],
    [300, 50, 400, 110],
    [320, 180, 380, 280],
  ]);
  expect(kindsOf(problems)).toEqual(['rotated-box 1']);
  expect(notices).toEqual([expect.stringContaining('1 box has an angle')]);
});

it('reports annotations without category or image', async () => {
  const { problems } = await load([
    annotation({ category_id: null }),
    annotation({ id: 2, category_id: undefined }),
    annotation({ id: 3, image_id: null }),
    annotation({ id: 4, image_id: 77 }),
    'no object' as unknown as object,
    annotation({ id: 5 }),
  ]);
  expect(kindsOf(problems)).toEqual([
    'unknown-category 1',
    'unknown-category 2',
    'bad-annotation 3',
    'bad-annotation 4',
    'bad-annotation 6',
  ]);
});

it('skips boxes of negative size, reported', async () => {
  const { problems, records } = await load([annotation({ bbox: [200, 130, -100, -80] }), annotation({ id: 2 })]);
  expect(kindsOf(problems)).toEqual(['zero-area 1']);
  expect(records[0].annotationIds).toEqual([2]);
});
