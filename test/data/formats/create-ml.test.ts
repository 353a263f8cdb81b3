// CreateML's lists of images, as labelImg and Roboflow write them.

import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

it('reads boxes by their centres, images without objects, and says what is no box', async () => {
  const coordinates = { x: 20, y: 15.5, width: 20, height: 21 };
  const json = [
    {
      image: 'a.png',
      verified: true,
      annotations: [{ label: 'tree house', coordinates }, { coordinates }, { label: 'x' }],
    },
    { image: 'b.png', annotations: [] },
    { annotations: [] },
  ];
  const folder = await folderOf({ 'train/_annotations.createml.json': JSON.stringify(json) }, [
    'train/a.png',
    'train/b.png',
  ]);
  const { boxes, problems, notices } = await opened(folder);
  expect(boxes).toEqual({ a: [['tree house', 10, 5, 30, 26]], b: [] });
  expect(problems).toEqual([
    'unknown-category _annotations.createml.json#1.2',
    'bad-annotation _annotations.createml.json#1.3',
    'bad-annotation _annotations.createml.json#3',
  ]);
  expect(notices).toMatch(/opened as CreateML: "train\/_annotations.createml.json" lists images with coordinates/);
});
