// Predicted masks pasted as MMDetection pastes them.

import { expect, test } from 'vitest';
import { decodeRle, pasteMask } from '../../src/masks';
import { golden, read } from './golden-masks';

test('a predicted mask is pasted where the reference pastes it', () => {
  for (const { h, w, box, size, threshold, grid, counts } of golden.pasted) {
    const mask = pasteMask(Float32Array.from(grid), size, box, { height: h, width: w, threshold });
    const [found, wanted] = [decodeRle(mask), decodeRle(read(counts, h, w))];
    // a pixel on the threshold may fall on the other side by rounding
    expect(
      found.reduce((n, v, i) => n + (v === wanted[i] ? 0 : 1), 0),
      `${box}`,
    ).toBeLessThanOrEqual(0);
  }
});
