// labelme's files as older versions write them.

import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

it('finds the shapes behind a picture in the file', async () => {
  const rectangle = { label: 'cat', shape_type: 'rectangle', points: [[9, 30], [5, 10]] }; // biome-ignore format: one line
  const json = JSON.stringify({ imageData: 'A'.repeat(80_000), imagePath: 'a.png', shapes: [rectangle] });
  const { boxes, notices } = await opened(await folderOf({ 'a.json': json }, ['a.png']));
  expect(boxes).toEqual({ a: [['cat', 5, 10, 9, 30]] });
  expect(notices).toMatch(/opened as labelme/);
});
