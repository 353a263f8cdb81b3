// `--data` with folders in VOC's format, whatever tool wrote them.

import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openData } from '../../src/cli/data-option';
import { EXIT } from '../../src/cli/outcome';
import { CASE_IMAGES, copyOfCase, greyImages } from '../data/datasets/cases';

test('a folder is VOC, also in the layout of other tools', async () => {
  const folder = copyOfCase('exports/fiftyone_voc');
  await greyImages(path.join(folder, 'data'), CASE_IMAGES);
  for (const option of [folder, `voc:${folder}`]) {
    const { train, val } = await openData(option, ['RBC', 'WBC']);
    expect([train.records.length, train.otherClasses, val]).toEqual([3, 2, undefined]);
    // a model of two classes does not know the third
    expect(train.problems.map(({ kind, id }) => [kind, id])).toContainEqual(['unknown-category', 'Platelets']);
  }
});

test('the number of the first pixel is a switch of VOC folders', async () => {
  const folder = copyOfCase('exports/globox_voc');
  await greyImages(path.join(folder, 'images'), CASE_IMAGES);
  const boxOf = async (option: string) => {
    const { train } = await openData(option);
    return [...train.records.find((record) => record.path.endsWith('b.jpg'))!.truths.bboxes.subarray(0, 4)].map(
      Math.floor,
    );
  };
  expect(await boxOf(`voc:${folder},first-pixel=1`)).toEqual([9, 19, 39, 59]);
  expect(await boxOf(`voc:${folder},first-pixel=0`)).toEqual([10, 20, 40, 60]);
  for (const wrong of ['first-pixel=2', 'firstpixel=1', 'first-pixel='])
    expect(() => openData(`voc:${folder},${wrong}`)).toThrow(
      `expected voc:FOLDER,first-pixel=0 or voc:FOLDER,first-pixel=1, received "${wrong}"`,
    );
});

test('a comma in the name of a folder is part of it', async () => {
  const named = path.join(copyOfCase('exports/globox_voc'), 'a,first-pixel=1');
  cpSync(copyOfCase('exports/globox_voc'), named, { recursive: true });
  await greyImages(path.join(named, 'images'), CASE_IMAGES);
  expect((await openData(`voc:${named}`)).train.records.length).toBeGreaterThan(0);
});

test('any other format by name, with its folders and splits, or recognised', async () => {
  const folder = copyOfCase('exports/fiftyone_yolo5');
  await greyImages(path.join(folder, 'images/val'), CASE_IMAGES);
  for (const option of [
    folder,
    `auto:${folder}`,
    `yolo:${folder}`,
    `yolo:${folder},images=images/val,labels=labels,train=val`,
  ])
    expect((await openData(option, ['RBC', 'WBC'])).train.records.length).toBe(3);
  await expect(openData(`yolo:${folder},train=tset`)).rejects.toThrow(/no such split/);
  expect(() => openData(`yolo:${folder},image=x`)).toThrow(
    /expected images=.*received "image=x". Did you mean "images"\?/,
  );
  expect(() => openData('yolo:')).toThrow(/expected yolo:PATH/);
  expect(() => openData('yollo:x')).toThrow(/Cannot use --data "yollo:x": expected a folder or file in any format/);
});

test('anything else is refused with what can be given', () => {
  expect(() => openData('absent')).toThrow(/Cannot use --data "absent": expected a folder or file in any format/);
});

test('an option that toytown does not have is a mistake of the command, not of the data', () => {
  const mistake = () => openData('toytown:images=4,sed=3');
  expect(mistake).toThrow(
    'Cannot use toytown option "sed=3": expected images=N, seed=N, width=N or height=N. Did you mean "seed"?',
  );
  expect(mistake).toThrow(expect.objectContaining({ code: EXIT.usage }));
});

test.each(['abc', '', '1.5', '1e1'])(
  'toytown:images=%s is told by its value, not by the key, which is right',
  (value) => {
    const mistake = () => openData(`toytown:images=${value}`);
    expect(mistake).toThrow(
      `Cannot use toytown option "images=${value}": expected a whole number, as in images=16, received "${value}"`,
    );
    expect(mistake).toThrow(expect.objectContaining({ code: EXIT.usage }));
  },
);
