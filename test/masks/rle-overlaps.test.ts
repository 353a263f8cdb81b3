// Union, intersection and overlaps against pycocotools.

import { expect, test } from 'vitest';
import { countsToString, mergeRles, polygonToRle, rleOverlaps } from '../../src/masks';
import { maxDifference } from '../golden-data';
import { golden, read } from './golden-masks';

test('union, intersection and overlaps', () => {
  for (const { h, w, parts, union, intersection, others, crowd, iou } of golden.groups) {
    const masks = parts.map((part) => polygonToRle(part, h, w));
    expect(countsToString(mergeRles(masks).counts)).toBe(union);
    expect(countsToString(mergeRles(masks, true).counts)).toBe(intersection);
    const found = rleOverlaps(
      masks,
      others.map((counts) => read(counts, h, w)),
      Uint8Array.from(crowd),
    );
    expect(maxDifference(found, iou.flat())).toBeLessThan(1e-12);
  }
});
