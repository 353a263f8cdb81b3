// Polygons as run lengths against pycocotools.

import { expect, test } from 'vitest';
import { countsToString, polygonToRle, rleArea, rleToBox } from '../../src/masks';
import { golden, read } from './golden-masks';

test('polygons become the run lengths of pycocotools, with their area and box', () => {
  for (const { h, w, polygon, counts, area, box } of golden.polygons) {
    const mask = polygonToRle(polygon, h, w);
    expect(countsToString(mask.counts), `${h} x ${w} ${polygon}`).toBe(counts);
    expect(rleArea(mask)).toBe(area);
    expect(rleToBox(mask)).toEqual(box);
    expect(countsToString(read(counts, h, w).counts)).toBe(counts);
  }
});
