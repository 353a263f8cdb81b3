// Boxes and labels drawn on an image.

import { expect, test } from 'vitest';
import { drawBoxes } from '../../src/visualization/draw-boxes';
import { colourOf } from '../../src/visualization/palette';
import { image, pixels, rgb } from './pixels';

test("boxes stand where they belong, in their class's colour, on pixels in their own colours", async () => {
  for (const order of ['bgr', 'rgb'] as const) {
    const png = await drawBoxes(image(100, 50, order), [{ bbox: [20, 10, 60, 40], classIndex: 2 }], { minSize: 800 });
    const { width, height, at } = await pixels(png);
    expect([width, height]).toEqual([800, 400]);
    expect(at(400, 2)).toEqual([0, 0, 255]);
    expect(at(160, 200)).toEqual(rgb(colourOf(2)));
    expect(at(480, 200)).toEqual(rgb(colourOf(2)));
    expect(at(320, 320)).toEqual(rgb(colourOf(2)));
    expect(at(320, 200)).toEqual([128, 128, 128]);
    expect(at(100, 200)).toEqual([128, 128, 128]);
  }
});

test('a box that is not upright is drawn by its corners, with its label at the topmost', async () => {
  const box = { bbox: [20, 10, 60, 50], corners: [40, 10, 60, 30, 40, 50, 20, 30], classIndex: 2, text: 'ship' };
  const { at } = await pixels(await drawBoxes(image(100, 60), [box], { minSize: 800 }));
  const colour = rgb(colourOf(2));
  expect(at(240, 320)).toEqual(colour); // halfway along the side at the lower left
  expect(at(160, 160)).toEqual([128, 128, 128]); // the upright box is not drawn
  expect(at(320, 240)).toEqual([128, 128, 128]);
  expect(at(300, 70)).not.toEqual([128, 128, 128]);
});

test('a label of a box at the upper edge stays inside the picture; large images are not enlarged', async () => {
  const png = await drawBoxes(image(900, 600), [{ bbox: [100, 0, 300, 300], classIndex: 0, text: 'person 0.99' }]);
  const { width, at } = await pixels(png);
  expect(width).toBe(900);
  const [r, g, b] = at(102, 10);
  expect(r - Math.max(g, b)).toBeGreaterThan(100);
  expect((await pixels(await drawBoxes(image(3000, 1000), []))).width).toBe(1400);
});

test('an image thinner than a line keeps its boxes and their labels', async () => {
  const box = { bbox: [1000, 0, 4000, 2], classIndex: 0, text: 'wire 0.99' };
  const drawn = await pixels(await drawBoxes(image(6000, 2), [box]));
  expect([drawn.width, drawn.height]).toEqual([1400, 80]);
  const colour = rgb(colourOf(0));
  const column = (x: number) => Array.from({ length: drawn.height }, (_, y) => drawn.at(x, y).join());
  expect(column(800)).toContain(colour.join()); // the box
  expect(column(100)).not.toContain(colour.join());
  expect(column(240).filter((pixel) => pixel === colour.join()).length).toBeLessThan(column(240).length / 2);
  const [r, g, b] = drawn.at(234, 16); // the label above it
  expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeGreaterThan(50);
  const tall = await pixels(await drawBoxes(image(2, 6000), [{ ...box, bbox: [0, 1000, 2, 4000] }]));
  expect([tall.width, tall.height]).toEqual([80, 1400]);
});
