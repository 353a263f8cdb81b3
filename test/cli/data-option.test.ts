// `--data` with folders in VOC's format, whatever tool wrote them.

import path from 'node:path';
import { expect, test } from 'vitest';
import { openData } from '../../src/cli/data-option';
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

test('anything else is refused with what can be given', () => {
  expect(() => openData('absent')).toThrow(/Cannot use --data "absent": expected toytown/);
});
