// The table of a VOC dataset: what is used, and what is there and is not.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { dataset } from '../../src/lab/dataset';
import { tableText } from '../../src/visualization/table';
import { CASE_IMAGES, greyImages, vocXml, writeFiles } from '../data/datasets/cases';

it('counts objects and images that are not used', async () => {
  const folder = writeFiles({
    'Annotations/a.xml': vocXml([
      ['RBC', [10, 10, 30, 30]],
      ['RBC', [50, 10, 40, 30]], // exchanged corners: used
      ['RBC', [10, 10, 10, 30]],
      ['RBC', [10, 10, 30, 30], '<difficult>1</difficult>'],
      ['WBC', [10, 10, 30, 30]],
      '<object><name>RBC</name></object>',
    ]),
    'Annotations/b.xml': vocXml([]),
    'Annotations/cell 3.xml': '<annotation>',
    'Annotations/gone.xml': vocXml([]),
    'Annotations/empty.xml': vocXml([]),
  });
  await greyImages(path.join(folder, 'JPEGImages'), CASE_IMAGES);
  writeFileSync(path.join(folder, 'JPEGImages/empty.jpg'), '');
  const data = await dataset.voc(folder, { classes: ['RBC'], name: 'cells' });
  const table = data.table();
  expect(table.title).toBe('cells: 2 images, 1 class');
  expect(table.rows).toEqual([
    ['RBC', '2'],
    ['all', '2'],
    ['other ignored boxes', '1'],
    ['boxes of other classes (not used)', '1'],
    ['boxes skipped', '2'],
    ['images without objects (used as background)', '1'],
    ['images missing or unreadable', '2'],
    ['images without a usable annotation', '1'],
  ]);
  expect(tableText(table)).toContain('problems: ');
});
