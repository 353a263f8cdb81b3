// KITTI's lines as tools write them.

import path from 'node:path';
import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

it('reads types with blanks and numbers, with and without a score', async () => {
  // Datumaro 1.10 writes the first two lines, with a score
  const labels = [
    'car 0.0 0 -1 10.0 5.0 30.0 25.0 -1 -1 -1 -1 -1 -1 -1 1.0',
    'tree house 0.0 0 -1 0.5 0.25 20.25 47.5 -1 -1 -1 -1 -1 -1 -1 1.0',
    'bin 4 0.0 0 -1 1 2 11 22 -1 -1 -1 -1 -1 -1 -1',
    'bin 4 0.0 0 -1 2 2 11 22 -1 -1 -1 -1 -1 -1 -1 0.5',
    'car 0.0 0 -1 nan 5.0 30.0 25.0 -1 -1 -1 -1 -1 -1 -1',
  ].join('\n');
  const images = ['image_2/a.png', 'image_2/b.png', 'image_2/c.png'];
  const { boxes, problems, notices } = await opened(await folderOf({ 'label_2/a.txt': labels }, images));
  expect(boxes).toEqual({
    a: [
      ['car', 10, 5, 30, 25],
      ['tree house', 0.5, 0.25, 20.25, 47.5],
      ['bin 4', 1, 2, 11, 22],
      ['bin 4', 2, 2, 11, 22],
    ],
  });
  expect(problems).toEqual(['bad-annotation a.txt#5']);
  expect(notices).toMatch(/2 images are in no annotation, such as "image_2\/b.png": not used/);
});

it('takes images beside the labels, not of a folder beside the data set', async () => {
  const labels = { 'cells/a.txt': 'car 0.0 0 -1 10 5 30 25 -1 -1 -1 -1 -1 -1 -1' };
  const around = await folderOf(labels, ['cells/a.png', 'images/a.png']);
  const { train } = await opened(path.join(around, 'cells'));
  expect(train.records.map(({ path: file }) => file)).toEqual([path.join(around, 'cells/a.png')]);
});
