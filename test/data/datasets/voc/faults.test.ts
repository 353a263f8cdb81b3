// Small variants of VOC folders, each with one fault or peculiarity: read as a careful user wants, and said where guessed.

import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadVoc, type VocOptions } from '../../../../src/data/datasets/voc';
import { boxesOf, CASE_IMAGES, copyOfCase, greyImages, kindsOf, vocXml, writeFiles } from '../cases';

const SMALL = Object.fromEntries(['a', 'b', 'plain', 'my image 1', 'my image 2'].map((id) => [`${id}.jpg`, [80, 60]]));

async function load(folder: string, options: VocOptions = {}) {
  const { records, classes, problems, notices = [] } = await loadVoc(folder, options);
  const boxes = Object.fromEntries(records.map((record) => [path.basename(record.path), boxesOf(record)]));
  return { records, classes, boxes, problems: kindsOf(problems), messages: problems.map((p) => p.message), notices };
}

/** A case with grey images of these sizes in JPEGImages. */
async function withImages(name: string, sizes: object = CASE_IMAGES): Promise<string> {
  const folder = copyOfCase(`voc/${name}`);
  await greyImages(path.join(folder, 'JPEGImages'), sizes as Record<string, [number, number]>);
  return folder;
}
const box = [[100, 50, 199, 149]];

describe('lists', () => {
  it('have ids with blanks', async () => {
    const sizes = Object.fromEntries(['cell', 'cell 3', 'cell 4'].map((id) => [`${id}.jpg`, [640, 480]]));
    const folder = await withImages('sp', sizes);
    expect((await load(folder)).boxes).toEqual({ 'cell 3.jpg': box, 'cell 4.jpg': box });
    expect((await load(folder, { split: 'val' })).boxes).toEqual({ 'cell.jpg': box });
    const spaces = await load(await withImages('bug_spaces', SMALL));
    expect(Object.keys(spaces.boxes)).toEqual(['my image 1.jpg', 'my image 2.jpg', 'plain.jpg']);
    expect([spaces.problems, spaces.notices]).toEqual([[], []]);
  });

  it('have extensions and second columns', async () => {
    for (const name of ['split_ext', 'split_col'])
      expect(await load(await withImages(name))).toMatchObject({ boxes: { 'a.jpg': box }, problems: [], notices: [] });
  });
});

it('reads annotations in sub-folders', async () => {
  const sizes = { 'day1/b.jpg': [640, 480] };
  expect(await load(await withImages('sub', sizes))).toMatchObject({ boxes: { 'b.jpg': box }, classes: ['WBC'] });
  expect(await load(await withImages('sub'))).toMatchObject({ boxes: { 'b.jpg': box } });
});

it('reads images of any format', async () => {
  const folder = copyOfCase('voc/bmp');
  mkdirSync(path.join(folder, 'JPEGImages'));
  cpSync(path.join(__dirname, '../../loading/rgb.bmp'), path.join(folder, 'JPEGImages/a.bmp'));
  const xml = vocXml([['RBC', [11, 11, 31, 31]]], { size: [48, 32], head: '<filename>a.jpg</filename>' });
  writeFileSync(path.join(folder, 'Annotations/a.xml'), xml);
  expect(await load(folder)).toMatchObject({ boxes: { 'a.bmp': [[10, 10, 30, 30]] }, problems: [], notices: [] });
});

it('reads a folder that counts from 0', async () => {
  const folder = await withImages('zero_based');
  const { boxes, problems, notices } = await load(folder);
  expect(boxes['a.jpg']).toEqual([
    [0, 0, 640, 480],
    [10.4, 20.6, 40.4, 60.6],
  ]);
  expect([problems, notices.length]).toEqual([[], 2]);
  expect(notices[1]).toBe('zero_based: 2 images are in no annotation, such as "JPEGImages/b.jpg": not used');
  expect(notices[0]).toMatch(/^zero_based: its coordinates count from 0.*xmin 0 of object 1 in "Annotations\/a.xml"/);
});

it('counts every split from 0 where any annotation of the folder does', async () => {
  const folder = writeFiles({
    'Annotations/a.xml': vocXml([['x', [0, 5, 30, 40]]]),
    'Annotations/b.xml': vocXml([['x', [10, 5, 30, 40]]]),
    'ImageSets/Main/train.txt': 'a',
    'ImageSets/Main/val.txt': 'b',
  });
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  for (const options of [{}, { classes: ['x'] }]) {
    const val = await load(folder, { split: 'val', ...options });
    expect(val.boxes).toEqual({ 'b.jpg': [[10, 5, 30, 40]] });
    expect(val.notices[0]).toMatch(/a.xml"/);
  }
  expect((await load(folder, { split: 'val', firstPixel: 1 })).boxes).toEqual({ 'b.jpg': [[9, 4, 29, 39]] });
});

it('uses the size of the image, not of the annotation', async () => {
  const swapped = await load(await withImages('bug_hdrsmall', SMALL));
  expect(swapped.boxes['a.jpg']).toEqual([
    [61, 9, 77, 39],
    [9, 9, 39, 39],
  ]);
  expect(swapped.problems).toEqual(['image-size a']);
  expect(swapped.messages[0]).toMatch(/is 80 x 60 pixels, its annotation says 60 x 80.*turned/);
  const half = await load(await withImages('half_size'));
  expect([half.records[0].width, half.records[0].height]).toEqual([640, 480]);
  expect(half.messages[0]).toMatch(/is 640 x 480 pixels, its annotation says 320 x 240/);
});

it('takes one name with and without blanks as one class', async () => {
  const { classes, boxes, problems } = await load(await withImages('spaces_name'));
  expect([classes, boxes['a.jpg'].length, problems]).toEqual([['RBC'], 2, ['duplicate a#2']]);
});

it('reads the first of two boxes of an object, and reports the other', async () => {
  const { boxes, problems } = await load(await withImages('two_bndbox'));
  expect([boxes['a.jpg'], problems]).toEqual([[[0, 0, 19, 19]], ['bad-annotation a#1']]);
});

it('reads the declared encoding', async () => {
  const { classes, problems } = await load(await withImages('bug_latin1', SMALL));
  expect([classes, problems]).toEqual([['è', 'é'], []]);
});

describe('classes', () => {
  const folder = async () => {
    const root = writeFiles({
      'Annotations/a.xml': vocXml([['RBC', [1, 1, 20, 20]]]),
      'Annotations/b.xml': vocXml([
        ['WBC', [1, 1, 20, 20]],
        ['WBC', [11, 1, 20, 20]],
      ]),
      'ImageSets/Main/train.txt': 'a',
      'ImageSets/Main/val.txt': 'b',
    });
    await greyImages(path.join(root, 'JPEGImages'), CASE_IMAGES);
    return root;
  };

  it('must be in the folder, with the nearest name', async () => {
    await expect(load(await folder(), { classes: ['RBC', 'wbc'] })).rejects.toThrow(
      /Cannot select class "wbc".*Did you mean "WBC"\? Classes: RBC, WBC/,
    );
  });

  it('may be absent from a split', async () => {
    expect(await load(await folder(), { classes: ['WBC', 'RBC'] })).toMatchObject({
      classes: ['WBC', 'RBC'],
      problems: [],
    });
  });

  it('may have no objects where the folder lists them', async () => {
    const root = await folder();
    writeFileSync(path.join(root, 'labelmap.txt'), '# label:color_rgb:parts:actions\nbackground:::\nPlatelets:::\n');
    const { classes, notices } = await load(root, { classes: ['RBC', 'Platelets'] });
    expect([classes, notices]).toEqual([
      ['RBC', 'Platelets'],
      [expect.stringContaining('class "Platelets": 0 truths')],
    ]);
    await expect(load(root, { classes: ['RBC', 'background'] })).rejects.toThrow(/no such class/);
    const official = vocXml([['cat', [1, 1, 20, 20]]], {
      head: '<source><database>The VOC2007 Database</database></source>',
    });
    writeFileSync(path.join(root, 'Annotations/a.xml'), official);
    expect((await load(root, { classes: ['cat', 'dog'] })).classes).toEqual(['cat', 'dog']);
  });

  it("may be a model's: absent ones are noted, others reported", async () => {
    const { notices, problems, messages } = await load(await folder(), {
      split: 'val',
      classes: ['RBC', 'cell'],
      absentClasses: 'note',
    });
    expect(notices.join()).toContain('has no object of class "cell": 0 truths');
    expect(problems).toEqual(['unknown-category WBC', 'no-objects']);
    expect(messages[0]).toContain('has 2 objects of class "WBC", which is none of the classes');
  });

  it('are counted where they are not selected', async () => {
    expect((await loadVoc(await folder(), { split: 'val', classes: ['RBC'] })).otherClasses).toBe(2);
  });

  it('that nearly are one are said', async () => {
    const root = writeFiles({ 'Annotations/a.xml': vocXml(['RBC', 'rbc'].map((name) => [name, [1, 1, 20, 20]])) });
    await greyImages(path.join(root, 'JPEGImages'), CASE_IMAGES);
    expect((await load(root)).notices[0]).toMatch(/"RBC" and "rbc" differ in case/);
  });
});

it('says once why no annotation can be read', async () => {
  const folder = writeFiles({ 'Annotations/a.xml': '<annotation>', 'Annotations/b.xml': '<annotation>' });
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  await expect(load(folder)).rejects.toThrow(
    /none of its 2 annotations can be used. The first: Cannot use annotation ".*a.xml": line 1: /,
  );
});

it('reports images that are empty or cut off before they are opened for training', async () => {
  const folder = await withImages('same');
  writeFileSync(path.join(folder, 'JPEGImages/b.jpg'), '');
  const { boxes, problems, messages } = await load(folder);
  expect([Object.keys(boxes), problems]).toEqual([['a.jpg'], ['unreadable-image b']]);
  expect(messages[0]).toMatch(/b.jpg": the file is empty/);
});

it('has nothing to train on where no file names an object', async () => {
  const folder = writeFiles({
    'Annotations/a.xml': vocXml([['x', [1, 1, 20, 20]]]),
    'Annotations/b.xml': vocXml([], { size: [80, 60] }),
    'ImageSets/Main/train.txt': 'b',
    'ImageSets/Main/val.txt': 'a',
  });
  await greyImages(path.join(folder, 'JPEGImages'), SMALL as Record<string, [number, number]>);
  const { problems, messages } = await load(folder, { split: 'train' });
  expect(problems).toEqual(['no-objects']);
  expect(messages[0]).toMatch(/nothing to train or to evaluate on: its annotation file names no object/);
});

it('has nothing to train on where every object is difficult', async () => {
  const folder = writeFiles({
    'Annotations/a.xml': vocXml([['x', [1, 1, 20, 20], '<difficult>1</difficult>']]),
  });
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  const { problems, messages } = await load(folder);
  expect(problems).toEqual(['no-objects']);
  expect(messages[0]).toContain('each of its objects is ignored');
});

it('finds images beside the annotations', async () => {
  const folder = writeFiles({ 'a.xml': vocXml([['x', [101, 51, 200, 150]]]) });
  await greyImages(folder, CASE_IMAGES);
  renameSync(path.join(folder, 'a.jpg'), path.join(folder, 'a.JPG'));
  expect((await load(folder)).boxes).toEqual({ 'a.JPG': box });
});
