// labelme's files as older and newer versions write them.

import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

it('finds the shapes behind a picture in the file', async () => {
  const rectangle = { label: 'cat', shape_type: 'rectangle', points: [[9, 30], [5, 10]] }; // biome-ignore format: one line
  const json = JSON.stringify({ imageData: 'A'.repeat(80_000), imagePath: 'a.png', shapes: [rectangle] });
  const { boxes, notices } = await opened(await folderOf({ 'a.json': json }, ['a.png']));
  expect(boxes).toEqual({ a: [['cat', 5, 10, 9, 30]] });
  expect(notices).toMatch(/opened as labelme/);
});

it('reads rectangles by their corners, which labelme 6 and X-AnyLabeling turn', async () => {
  const shapes = ['oriented_rectangle', 'rotation', 'quadrilateral'].map((shape_type) => ({
    label: shape_type,
    shape_type,
    points: [[30, 10], [50, 30], [40, 40], [20, 20]], // biome-ignore format: one line
  }));
  const { boxes, problems } = await opened(
    await folderOf({ 'a.json': JSON.stringify({ shapes, imagePath: 'a.png' }) }, ['a.png']),
  );
  expect(boxes.a).toEqual(shapes.map(({ label }) => [label, 20, 10, 50, 40, 'outline']));
  expect(problems).toEqual([]);
});
