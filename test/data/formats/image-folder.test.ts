// Folders of images, of which the annotations are unknown or none.

import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

it('opens splits of images, and names files that may be annotations', async () => {
  const files = { 'train/annotations.json': '[{"image": "a.png", "annotations": []}]', 'README.txt': 'pictures' };
  const { boxes, valid, notices } = await opened(await folderOf(files, ['train/a.png', 'val/b.png']));
  expect([boxes, valid?.boxes]).toEqual([{ a: [] }, { b: [] }]);
  expect(notices).toMatch(
    /1 file beside them is in no format of annotations that is known, such as "train\/annotations.json": not read/,
  );
});
