// Images in a grid.

import { expect, test } from 'vitest';
import { drawGrid } from '../../src/visualization/image-grid';
import { colourOf } from '../../src/visualization/palette';
import { image, pixels, rgb } from './pixels';

test('a grid has its images, captions and legend', async () => {
  const cell = {
    image: image(120, 60),
    boxes: [{ bbox: [0, 0, 50, 50], classIndex: 1 }],
    caption: '/a/very/long/path'.repeat(9),
  };
  const png = await drawGrid([cell, cell, cell, cell], { columns: 3, cellWidth: 120, legend: ['cat', 'dog'] });
  const { width, height, at } = await pixels(png);
  expect([width, height]).toEqual([3 * 120 + 4 * 12, 12 + 2 * (60 + 22 + 12) + 26]);
  expect(at(16, height - 26 + 10)).toEqual(rgb(colourOf(0)));
  expect(at(2, 2)).toEqual([255, 255, 255]);
  expect((await pixels(await drawGrid([]))).height).toBeGreaterThan(0);
});
