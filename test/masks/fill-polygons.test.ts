// Filled polygons against cv2's (generate/fill_polygons.py).

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fillPolygons } from '../../src/masks';
import { goldenJson, u01 } from '../golden-data';

interface Shape {
  width: number;
  height: number;
  parts: number[][];
}
const golden = goldenJson<{ fills: (Shape & { digest: string })[]; thousands: string[] }>('fill_polygons');

function filled({ width, height, parts }: Shape): Uint8Array {
  const bitmap = new Uint8Array(width * height);
  fillPolygons(bitmap, width, height, parts);
  return bitmap;
}

/** Polygons by the formula of the generator. */
function shape(i: number): Shape {
  let at = 0;
  const next = () => u01(`polygon ${i}`, at++);
  const size = [0, 1].map(() => 3 + Math.floor(next() * 50));
  const beyond = [0, 0.2, 5][i % 3];
  const parts = Array.from({ length: i % 5 === 0 ? 2 : 1 }, () =>
    Array.from({ length: 1 + Math.floor(next() * 9) }, () =>
      size.map((side) => Math.floor((next() * (1 + 2 * beyond) - beyond) * side)),
    ).flat(),
  );
  return { width: size[0], height: size[1], parts };
}

const digest = (bitmaps: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const bitmap of bitmaps) hash.update(bitmap);
  return hash.digest('hex').slice(0, 16);
};

test('inside the image and across its border, convex and crossing themselves, points and lines', () => {
  for (const { digest: wanted, ...one } of golden.fills)
    expect(digest([filled(one)]), JSON.stringify(one)).toBe(wanted);
});

describe.each(golden.thousands.map((wanted, k) => [k, wanted] as const))('a thousand more', (k, wanted) => {
  test(`from ${1000 * k}`, () => {
    expect(digest(Array.from({ length: 1000 }, (_, i) => filled(shape(1000 * k + i))))).toBe(wanted);
  });
});
