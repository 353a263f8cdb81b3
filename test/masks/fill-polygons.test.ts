// Filled polygons against cv2's (generate/augment.py).

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fillPolygons } from '../../src/masks';
import { goldenJson } from '../golden-data';

interface Fill {
  width: number;
  height: number;
  parts: number[][];
  digest: string;
}

test('inside the image and across its border, convex and crossing themselves', () => {
  for (const { width, height, parts, digest } of goldenJson<Fill[]>('fill_polygons')) {
    const bitmap = new Uint8Array(width * height);
    fillPolygons(bitmap, width, height, parts);
    expect(createHash('sha256').update(bitmap).digest('hex').slice(0, 16), JSON.stringify(parts)).toBe(digest);
  }
});
