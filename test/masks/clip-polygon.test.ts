// Polygons cut at a rectangle.

import { expect, test } from 'vitest';
import { clipPolygon, polygonToRle } from '../../src/masks';
import { cropRle } from '../../src/masks/rle-geometry';
import { Random } from '../../src/random';

const frame = { left: 0, top: 0, right: 30, bottom: 24 };

test('an outline inside stays as it is, one outside is empty, one across is cut', () => {
  const inside = Float64Array.of(1, 1, 8, 1, 8, 9);
  expect(clipPolygon(inside, frame)).toBe(inside);
  expect(clipPolygon(Float64Array.of(31, 1, 40, 1, 40, 9), frame).length).toBe(0);
  expect([...clipPolygon(Float64Array.of(-2, 1, 4, 1, 4, 3, -2, 3), frame)]).toEqual([0, 1, 4, 1, 4, 3, 0, 3]);
});

test('what is drawn inside is the same as of the whole outline', () => {
  const random = Random.seeded(3);
  for (let i = 0; i < 200; i++) {
    // whole pixels: where edges are cut does not move them on the grid of the drawing
    const polygon = Float64Array.from({ length: 8 }, (_, k) => random.integer(k % 2 ? 40 : 50));
    const axisAligned = Float64Array.of(
      ...[polygon[0], polygon[1], polygon[2], polygon[1], polygon[2], polygon[3], polygon[0], polygon[3]],
    );
    const whole = cropRle(polygonToRle(axisAligned, 60, 70), { top: 0, left: 0, height: 24, width: 30 });
    expect([...polygonToRle(clipPolygon(axisAligned, frame), 24, 30).counts]).toEqual([...whole.counts]);
  }
});
