// Changes of run lengths against those of the bitmaps in MMDetection.

import { expect, test } from 'vitest';
import { countsToString, cropRle, decodeRle, flipRle, padRle, resizeRle } from '../../src/masks';
import { golden, read } from './golden-masks';

test('resizing, mirroring and padding are those of the bitmaps', () => {
  for (const { h, w, counts, size, padded, ...expected } of golden.changed) {
    const mask = read(counts, h, w);
    expect(countsToString(resizeRle(mask, ...size).counts)).toBe(expected.resized);
    for (const direction of ['horizontal', 'vertical', 'diagonal'] as const)
      expect(countsToString(flipRle(mask, direction).counts)).toBe(expected[direction]);
    expect(countsToString(padRle(mask, ...padded).counts)).toBe(expected.pad);
    const back = cropRle(padRle(mask, h + 3, w + 5), { top: 0, left: 0, height: h, width: w });
    expect(countsToString(back.counts)).toBe(counts);
    const window = { top: 2, left: -3, height: h, width: w };
    const [cropped, pixels] = [decodeRle(cropRle(mask, window)), decodeRle(mask)];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        expect(cropped[y * w + x]).toBe(y + 2 < h && x >= 3 ? pixels[(y + 2) * w + x - 3] : 0);
  }
});
