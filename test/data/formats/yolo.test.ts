// YOLO data sets as tools write them, and lines, names and paths that are wrong.

import path from 'node:path';
import { expect, it } from 'vitest';
import { greyImages, newFolder, writeFiles } from '../datasets/cases';
import { DRAWN, drawn, folderOf, opened, openedCase } from './opened';

const BEYOND = ['box-outside b.txt#2'];

it.each([
  [
    'fiftyone_yolo5',
    'images/val',
    ['WBC', 'RBC', 'Platelets', 'Artefact'],
    /path "\/data\/exports\/fo\/yolo5" .* is not there/,
  ],
  ['fiftyone_yolo4', 'data', ['WBC', 'RBC', 'Platelets', 'Artefact'], /opened as YOLO/],
])('reads the boxes that were drawn: %s', async (name, images, classes, notice) => {
  const found = await openedCase(name, images);
  expect([found.boxes, found.classes, found.problems]).toEqual([DRAWN, classes, BEYOND]);
  expect(found.notices).toMatch(notice);
});

it('says what is missing in a folder of images, and where to ask for its format', async () => {
  const folder = newFolder();
  await greyImages(path.join(folder, 'images'), { 'a.jpg': [64, 48] });
  await expect(opened(folder, 'yolo')).rejects.toThrow(/as YOLO: it has no label files .*dataset.open/);
});

it('reads Label Studio, whose box of a turned rectangle is elsewhere, and polygons beside boxes', async () => {
  const found = await openedCase('label_studio_yolo', 'images');
  const boxes = drawn({ a: { 1: 'outline' }, b: { 2: 'outline' } });
  boxes['cell 3'][0] = ['WBC', 291.7, 189.02, 391.7, 249.02];
  expect([found.boxes, found.problems]).toEqual([boxes, BEYOND]);
});

it('reads supervision and names by number where no file names the classes: globox', async () => {
  const { boxes, classes } = await openedCase('supervision_yolo', 'images');
  expect([boxes.b[0], classes.length]).toEqual([['Platelets', 10.4, 20.6, 40.4, 60.6], 4]);
  const numbered = await openedCase('globox_yolo', '.');
  expect(numbered.classes).toEqual(['0', '1', '2']);
  expect(numbered.notices).toMatch(/no file names its classes/);
  const named = await openedCase('globox_yolo', '.', 'yolo', { classes: ['WBC', 'RBC', 'Platelets'] });
  expect(named.boxes).toEqual(DRAWN);
});

it("reads Darknet's lists, whose paths begin with data/", async () => {
  const { boxes, notices } = await openedCase('datumaro_yolo', 'obj_train_data/day1');
  expect(boxes).toEqual({ a: [DRAWN.a[0]], b: DRAWN.b.slice(0, 2), 'cell 3': [DRAWN['cell 3'][1]] });
  expect(notices).toMatch(/"data\/train.txt" of "obj.data" is read as "train.txt"/);
});

const GREY: Record<string, [number, number]> = { 'a.png': [100, 200], 'b.png': [100, 200] };

/** A data set in Roboflow's layout with some labels of a.png. */
async function roboflow(labels: string, yaml = "names: ['cat', 'dog']", more: Record<string, string> = {}) {
  const folder = writeFiles({
    'data.yaml': `train: ../train/images\nval: ../valid/images\n${yaml}\n`,
    'train/labels/a.txt': labels,
    'README.roboflow.txt': 'train on 1 2 3 4 5',
    ...more,
  });
  await greyImages(path.join(folder, 'train/images'), GREY);
  await greyImages(path.join(folder, 'valid/images'), { 'v.png': [100, 200] });
  return folder;
}

it('reads Roboflow: ../train/images beside the file, 0.0 as an id, an image without labels, validation', async () => {
  const folder = await roboflow(
    '0.0 0.5 0.5 0.2 0.1\r\n\r\n1 0.1 0.1 0.3 0.1 0.2 0.4\r\n',
    'nc: 2\nnames: {0: cat, 1: dog}',
    {
      'valid/labels/v.txt': '1 0.5 0.5 1 1',
    },
  );
  const { boxes, valid, problems, notices, name } = await opened(folder);
  expect(boxes).toEqual({
    a: [
      ['cat', 40, 90, 60, 110],
      ['dog', 10, 20, 30, 80, 'outline'],
    ],
    b: [],
  });
  expect(valid?.boxes).toEqual({ v: [['dog', 0, 0, 100, 200]] });
  expect([problems, name]).toEqual([[], path.basename(folder)]);
  expect(notices).not.toMatch(/is read as/);
  // the file alone is enough
  expect((await opened(path.join(folder, 'data.yaml'))).boxes).toEqual(boxes);
});

it('reports every line that cannot be used, by file and number', async () => {
  const lines = [
    '0 0.5 0.5 0.2 0.1',
    'cat 0.5 0.5 0.2 0.1',
    '0,0.5,0.5,0.2,0.1',
    '7 0.5 0.5 0.2 0.1',
    '0 50 60 20 10',
    '0 0.5 0.5',
    '0 0.1 0.1 0.3 0.1 0.2 0.4 0.9',
    '0 0.5 0.5 nan 0.1',
    '0 0.5 0.5 0.2 0.1',
    '0 1.5 0.5 0.2 0.1',
    '1 0.5 0.5 0.2 0.1 0.93',
    '-1 0.5 0.5 0.2 0.1',
  ];
  const { boxes, messages, problems, notices } = await opened(await roboflow(lines.join('\n')));
  expect(boxes.a).toEqual([
    ['cat', 40, 90, 60, 110],
    ['dog', 40, 90, 60, 110],
  ]);
  expect(problems).toEqual([
    'bad-annotation a.txt#2',
    'bad-annotation a.txt#3',
    'unknown-category a.txt#4',
    'bad-annotation a.txt#5',
    'bad-annotation a.txt#6',
    'bad-annotation a.txt#7',
    'bad-annotation a.txt#8',
    'duplicate a.txt#9',
    'unknown-category a.txt#12',
    'box-outside a.txt#10',
  ]);
  for (const said of [
    /Line 3 of ".*a.txt" is "0,0.5.*": expected .* without commas; skipped/,
    /Line 4 of .* has the class id 7: the ids are 0, 1; skipped/,
    /Line 5 of .* has the coordinate 50: expected fractions of the image size/,
    /Line 6 of .* has 2 numbers after the class id: expected 4 \(a box/,
    /Line 9 of .* repeats line 1; used once/,
  ])
    expect(messages).toMatch(said);
  expect(notices).toMatch(/lines with a sixth number, .*: 1, such as a.txt#11/);
});

it('reads boxes with keypoints where kpt_shape says so, and lists of images', async () => {
  const folder = await roboflow('0 0.5 0.5 0.2 0.1 0.5 0.5 2 0.4 0.5 2', 'names: [cat]\nkpt_shape: [2, 3]');
  const posed = await opened(folder);
  expect(posed.boxes.a).toEqual([['cat', 40, 90, 60, 110]]);
  expect(posed.notices).toMatch(/objects with keypoints, which are not used: 1/);
  writeFiles(
    {
      'data.yaml': 'path: .\ntrain: [lists/one.txt, train/images/b.png]\nnames: [cat]\n',
      'lists/one.txt': 'C:\\set\\train\\images\\a.png\n',
      'train/labels/a.txt': '0 0.5 0.5 0.2 0.1',
    },
    folder,
  );
  expect((await opened(folder)).boxes).toEqual({ a: [['cat', 40, 90, 60, 110]], b: [] });
});

it.each([
  ['names: [cat', /Cannot use ".*data.yaml": line \d/],
  ['names: {cat: 0}', /expected class ids from 0 as keys, received "cat"/],
  ['nc: none', /it names no classes. Write names/],
  ['names: [cat]\nkpt_shape: 3', /kpt_shape .*expected \[keypoints, 2 or 3\], received 3/],
  ['names: [[]]', /expected a name for class 0, received a list of 0/],
])('refuses data.yaml with %s', async (yaml, message) => {
  await expect(opened(await roboflow('', yaml), 'yolo')).rejects.toThrow(message);
});

it('refuses a split that is nowhere, and says which names of splits there are', async () => {
  const folder = await roboflow('0 0.5 0.5 0.2 0.1');
  await expect(opened(folder, 'yolo', { train: 'trian' })).rejects.toThrow(/no such split. Did you mean "train"\?/);
  await expect(opened(folder, 'yolo', { attribute: 'class' })).rejects.toThrow(
    /option attribute with YOLO: expected images, labels/,
  );
  await expect(opened(folder, 'yolov8')).rejects.toThrow(/format "yolov8": no such format. Did you mean "yolo"/);
  writeFiles({ 'data.yaml': 'train: nowhere/images\nnames: [cat]' }, folder);
  await expect(opened(folder)).rejects.toThrow(/train is "nowhere\/images", which is in none of/);
});

it('takes folders that are named: images and labels that are elsewhere', async () => {
  const folder = writeFiles({ 'txt/a.txt': '1 0.5 0.5 0.2 0.1', 'classes.txt': 'cat\ndog\n' });
  await greyImages(path.join(folder, 'frames'), GREY);
  const { boxes } = await opened(folder, 'yolo', { images: 'frames', labels: 'txt' });
  expect(boxes).toEqual({ a: [['dog', 40, 90, 60, 110]], b: [] });
  expect((await opened(folder)).boxes).toEqual(boxes);
  await expect(opened(folder, 'yolo', { images: 'farmes' })).rejects.toThrow(
    /no folder of images ".*farmes". Did you mean/,
  );
});

it('leaves out what a list leaves out, and adds labels of missing images where no list is', async () => {
  const files = { 'labels/a.txt': '0 0.5 0.5 0.2 0.1', 'labels/b.txt': '0 0.5 0.5 0.2 0.1' };
  const listed = writeFiles({ ...files, 'data.yaml': 'train: train.txt\nnames: [cat]', 'train.txt': './images/a.png' });
  await greyImages(path.join(listed, 'images'), GREY);
  expect((await opened(listed)).boxes).toEqual({ a: [['cat', 40, 90, 60, 110]] });
  writeFiles({ 'data.yaml': 'train: [images/a.png]\nnames: [cat]' }, listed);
  expect(Object.keys((await opened(listed)).boxes)).toEqual(['a']);
  const whole = writeFiles({ ...files, 'data.yaml': 'train: images\nnames: [cat]' });
  await greyImages(path.join(whole, 'images'), { 'a.png': [100, 200] });
  await greyImages(path.join(whole, 'data'), { 'b.png': [100, 200] });
  expect(Object.keys((await opened(whole)).boxes)).toEqual(['a', 'b']);
});

it("takes the names that Darknet's file names, by its own path or its end", async () => {
  const folder = writeFiles({
    'obj.data': 'classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n',
    'train.txt': 'images/a.png',
    'labels/a.txt': '0 0.5 0.5 0.2 0.1',
    'coco.names': 'person\nbicycle\ncar',
    'obj.names': 'cat\ndog',
  });
  await greyImages(path.join(folder, 'images'), GREY);
  expect((await opened(folder)).classes).toEqual(['cat', 'dog']);
  writeFiles({ 'obj.data': 'classes = 2\ntrain = train.txt\nnames = none.names\n' }, folder);
  const { classes, notices } = await opened(folder);
  expect(classes).toEqual(['person', 'bicycle', 'car']);
  expect(notices).toMatch(/names "none.names" of "obj.data" is not there or empty; another list is looked for/);
  expect(notices).toMatch(/"obj.data" has classes = 2 and 3 names; the names are used/);
});

it('looks for splits in the folder of images that is named, else uses all of it', async () => {
  const folder = writeFiles({
    'dataset.yaml': 'path: /other/place\ntrain: ./pictures/train/\nval: ./pictures/val/\nnames: [cat]',
    'labels/train/a.txt': '0 0.5 0.5 0.2 0.1',
    'labels/val/b.txt': '0 0.5 0.5 0.4 0.1',
  });
  const files = path.join(newFolder(), 'files');
  await greyImages(path.join(files, 'train'), { 'a.png': [100, 200] });
  await greyImages(path.join(files, 'val'), { 'b.png': [100, 200] });
  await expect(opened(folder)).rejects.toThrow(
    /train is ".\/pictures\/train\/", .* name the folder .* \{ images: 'FOLDER' \}/,
  );
  const { boxes, valid } = await opened(folder, 'yolo', { images: files });
  expect([boxes, valid?.boxes]).toEqual([{ a: [['cat', 40, 90, 60, 110]] }, { b: [['cat', 30, 90, 70, 110]] }]);
  const flat = path.join(newFolder(), 'flat');
  await greyImages(flat, GREY);
  const all = await opened(folder, 'yolo', { images: flat });
  expect(all.boxes).toEqual({ a: [['cat', 40, 90, 60, 110]], b: [['cat', 30, 90, 70, 110]] });
  expect(all.notices).toMatch(
    /train ".\/pictures\/train\/" of "dataset.yaml" is not there; all images of ".*flat" are used/,
  );
});

it('finds labels that Label Studio names after addresses, in one folder', async () => {
  const line = '0 0.5 0.5 0.2 0.1';
  const files = {
    'labels/a.txt': line,
    'labels/b%20c.txt': line,
    'labels/d.txt': line,
    'labels/day3/e.txt': line,
    'classes.txt': 'cat\n\ndog\ncat\n',
  };
  const images = ['images/a.png', 'images/b c.png', 'images/day1/d.png', 'images/day2/e.png'];
  const { boxes, notices, classes, problems } = await opened(await folderOf(files, images));
  const cat = [['cat', 40, 90, 60, 110]];
  // day3 is not the folder of images/day2/e.png
  expect(boxes).toEqual({ a: cat, 'b c': cat, d: cat, e: [] });
  expect(problems).toEqual([]);
  expect(notices).toMatch(
    /label files in folders without images, which are not used: 1, such as "labels\/day3\/e.txt"/,
  );
  expect(notices).toMatch(
    /2 label files are of an image in another folder or of nearly its name, .* of "images\/b c.png"/,
  );
  expect(classes).toEqual(['cat', '1', 'dog']);
  expect(notices).toMatch(/"classes.txt" has 1 empty lines among its names/);
  expect(notices).toMatch(/class ids 0 and 3 have one name, "cat": they are one class/);
});

it('takes image1.txt as labels where there is image1.png, and empty labels beside a list of names', async () => {
  const images = ['image1.png', 'test2.png'];
  const labels = await folderOf(
    { 'image1.txt': '1 0.5 0.5 0.2 0.1', 'test2.txt': '', 'train.txt': 'image1.png' },
    images,
  );
  expect((await opened(labels)).boxes).toEqual({ image1: [['1', 40, 90, 60, 110]], test2: [] });
  const empty = await opened(await folderOf({ 'image1.txt': '', 'classes.txt': 'cat' }, images));
  expect([empty.boxes, empty.classes]).toEqual([{ image1: [], test2: [] }, ['cat']]);
  expect(empty.notices).toMatch(/opened as YOLO: "classes.txt" names classes, and its label files are empty/);
});

it("reads the names of Roboflow's Darknet folders", async () => {
  const files = { 'train/_darknet.labels': 'cat\ndog', 'train/a.txt': '1 0.5 0.5 0.2 0.1' };
  const { boxes, classes } = await opened(await folderOf(files, ['train/a.png']));
  expect([boxes.a, classes]).toEqual([[['dog', 40, 90, 60, 110]], ['cat', 'dog']]);
});

it('says which kpt_shape lines with keypoints need', async () => {
  for (const [rest, count] of [
    ['0.4 0.5 0', 2],
    ['0.4 0.5 0 0.1 0.1 1', 3],
  ] as const) {
    const { boxes, messages } = await opened(await roboflow(`0 0.5 0.5 0.2 0.1 0.5 0.5 2 ${rest}`));
    expect(boxes.a).toEqual([]);
    expect(messages).toContain(
      `a box with ${count} keypoints: expected kpt_shape: [${count}, 3] in data.yaml; skipped`,
    );
  }
});
