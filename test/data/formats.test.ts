// Data sets as tools write them: what their users drew is what is read.

import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { copyOfCase, greyImages, newFolder } from './datasets/cases';
import { DRAWN, drawn, opened, openedCase } from './formats/opened';

const BEYOND = /^box-outside /;

it.each([
  ['globox_labelme', '.', 'labelme', DRAWN],
  ['labelme_json', '.', 'labelme', drawn({ a: { 1: 'outline' }, b: { 2: 'outline' }, 'cell 3': { 0: 'outline' } })],
  ['globox_cvat', 'images', "CVAT's XML", DRAWN],
  ['globox_via', 'images', 'VIA', DRAWN],
  ['label_studio_json', 'images', 'Label Studio', drawn({ a: { 1: 'outline' }, b: { 2: 'outline' } })],
])('reads %s', async (name, images, title, boxes) => {
  const found = await openedCase(name, images);
  expect(found.boxes).toEqual(boxes);
  expect(found.notices).toContain(`opened as ${title}: `);
  // the box that was drawn beyond its image is the only thing to report
  expect([found.problems.length, found.problems[0]]).toEqual([1, expect.stringMatching(BEYOND)]);
});

/** What Datumaro was given: a polygon of two parts, a crowd as a mask, a turned box in a validation image, an unused category. */
const GIVEN = {
  a: [DRAWN.a[0], [...DRAWN.a[1], 'outline']],
  b: [
    ['Platelets', 10.4, 20.6, 40.4, 60.6],
    ['RBC', 600, 400, 660, 500],
    ['RBC', 50, 60, 250, 160, 'outline'],
    ['WBC', 200, 100, 260, 120, 'crowd', 'outline'],
  ],
};

async function datumaro(name: string, folders: { train: string; val: string }) {
  const folder = copyOfCase(`exports/${name}`);
  await greyImages(path.join(folder, folders.train), { 'a.jpg': [640, 480], 'b.jpg': [640, 480] });
  await greyImages(path.join(folder, folders.val), { 'cell 3.jpg': [500, 375] });
  return opened(folder);
}

it("reads Datumaro's own: groups are one object, crowds, turned boxes, all its categories", async () => {
  const { boxes, valid, classes } = await datumaro('datumaro_own', { train: 'images/train', val: 'images/val' });
  expect(boxes).toEqual(GIVEN);
  expect(valid?.boxes).toEqual({ 'cell 3': DRAWN['cell 3'] });
  expect(classes).toEqual(['WBC', 'RBC', 'Platelets', 'Artefact']);
});

it("reads CVAT's XML of Datumaro, which has neither crowds nor angles", async () => {
  const { boxes, valid, classes } = await datumaro('datumaro_cvat', { train: 'images', val: 'images' });
  const [, , , crowd] = GIVEN.b;
  expect(boxes).toEqual({ ...GIVEN, b: [...GIVEN.b.slice(0, 3), crowd.filter((what) => what !== 'crowd')] });
  expect(valid?.boxes['cell 3']).toEqual([['WBC', 270, 210, 370, 270], DRAWN['cell 3'][1]]);
  expect(classes).toEqual(['WBC', 'RBC', 'Platelets', 'Artefact']);
});

it.each([
  ['datumaro_kitti', { train: 'train/image_2', val: 'val/image_2' }],
  ['datumaro_open_images', { train: 'images/train', val: 'images/val' }],
])('reads %s: boxes only', async (name, folders) => {
  const { boxes, valid, notices } = await datumaro(name, folders);
  expect(boxes).toEqual({ a: [GIVEN.a[0]], b: GIVEN.b.slice(0, 2) });
  expect(valid?.boxes['cell 3']).toEqual([['WBC', 270, 210, 370, 270], DRAWN['cell 3'][1]]);
  expect(notices).not.toMatch(/found under another name/);
});

it.each([
  ['datumaro.json', 'annotations/instances_train.json', 'images/train'],
  ['fiftyone.json', 'labels.json', 'data'],
  ['globox.json', 'train/_annotations.coco.json', 'train'],
  ['labelme.json', 'dataset.json', 'JPEGImages'],
])('finds the images of a COCO file: %s as %s', async (name, file, images) => {
  const folder = newFolder();
  cpSync(copyOfCase(`exports/${name}`), path.join(folder, file));
  await greyImages(path.join(folder, images), { 'a.jpg': [640, 480], 'b.jpg': [640, 480], 'cell 3.jpg': [500, 375] });
  const { boxes, notices } = await opened(folder);
  expect(boxes.b.slice(0, 2).map((box) => box.slice(0, 5))).toEqual(DRAWN.b.slice(0, 2));
  expect(notices).toContain(`opened as COCO: "${file}" has images, annotations and categories`);
});

it('takes the images of a COCO file from its own folder, not from a data set beside it', async () => {
  const around = newFolder();
  for (const name of ['cells', 'train']) {
    cpSync(copyOfCase('exports/globox.json'), path.join(around, name, 'labels.json'));
    await greyImages(path.join(around, name), { 'a.jpg': [640, 480], 'b.jpg': [640, 480], 'cell 3.jpg': [500, 375] });
  }
  const { train } = await opened(path.join(around, 'cells'));
  expect(train.records.map(({ path: file }) => path.dirname(file))).toEqual(
    new Array(3).fill(path.join(around, 'cells')),
  );
});

it('reads VOC folders in a folder around them', async () => {
  const folder = path.join(newFolder(), 'VOCdevkit');
  cpSync(copyOfCase('exports/globox_voc'), path.join(folder, 'VOC2007'), { recursive: true });
  await greyImages(path.join(folder, 'VOC2007', 'JPEGImages'), { 'a.jpg': [640, 480], 'b.jpg': [640, 480] });
  const { boxes, notices } = await opened(folder);
  expect(boxes.a).toEqual(DRAWN.a);
  expect(notices).toMatch(/opened as VOC: "VOC2007\/Annotations\/a.xml" has an <annotation>/);
});

/** Pictures that newer tools were given: names with blanks and letters that are not ASCII, one in a folder, one without objects. */
const NAMED: Record<string, [number, number]> = {
  'a.jpg': [64, 48],
  'b c.jpg': [50, 40],
  'day1/d.jpg': [60, 60],
  'ünï.png': [40, 30],
  'v.jpg': [64, 48],
};
const [CAR, HOUSE] = [
  ['car', 10, 5, 30, 25],
  ['tree house', 0.5, 0.25, 20.25, 47.5],
];
const DAY: [string, number, number, number, number][] = [
  ['car', 20, 20, 40, 30],
  ['person', 50, 50, 70, 65],
];

it.each([
  // Label Studio names label files after addresses, in one folder
  [
    'label_studio_addresses',
    'images',
    {
      a: [CAR, HOUSE, ['person', 40, 10, 60, 40, 'outline']],
      'b c': [
        ['person', 5, 5, 15, 20, 'outline'],
        ['person', 20, 20, 35, 36, 'outline'],
      ],
      d: DAY,
      v: [['tree house', 1, 2, 11, 22]],
      ünï: [],
    },
  ],
  // V7 writes numeric references, and no polygons
  [
    'v7_cvat',
    'images',
    {
      a: [CAR, HOUSE],
      'b c': [
        ['car', 25, 2, 45, 15],
        ['car', 1, 25, 12, 38],
      ],
      ünï: [],
      d: [...DAY, ['tree house', 5, 30, 25, 55]],
      v: [['tree house', 1, 2, 11, 22]],
    },
  ],
  // Datumaro writes an object of several polygons as parts
  [
    'datumaro_labelme_parts',
    'train',
    { a: [CAR, HOUSE, ['person', 40, 10, 60, 40]], 'b c': [['person', 5, 5, 35, 36]], d: DAY, ünï: [] },
  ],
  ['datumaro_kitti_blanks', 'training/image_2', { a: [CAR, HOUSE], d: DAY }],
])('reads what newer tools write: %s', async (name, images, boxes) => {
  const folder = copyOfCase(`exports/${name}`);
  await greyImages(path.join(folder, images), NAMED);
  expect((await opened(folder)).boxes).toEqual(boxes);
});
