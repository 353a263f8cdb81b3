// BoundaryMetric beside boundary-iou-api.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { boundaryRle, decodeRle, encodeRle } from '../../src/masks';
import { evaluatedSet, isSame, measured, type ReferenceSet, statsOf } from './reference-sets';

const golden = (name: string) => JSON.parse(readFileSync(path.join(__dirname, '../golden', name), 'utf8'));

it('the twelve numbers are those of boundary-iou-api', async () => {
  const sets = golden('metrics.json') as ReferenceSet[];
  const expected = golden('boundary.json') as { index: number; stats: number[] }[];
  expect(expected.length).toBeGreaterThan(1);
  for (const { index, stats } of expected) {
    const report = await measured(evaluatedSet(sets[index]), { type: 'BoundaryMetric' });
    expect([index, statsOf(report), isSame(statsOf(report), stats, 2e-9)]).toEqual([index, expect.anything(), true]);
  }
});

it('a boundary is what erosion takes, at the border of the image too', () => {
  const [height, width, distance] = [9, 11, 2];
  const bitmap = Uint8Array.from({ length: height * width }, (_, i) => (i % width > 2 && (i * 7) % 31 > 1 ? 1 : 0));
  const at = (y: number, x: number) => y >= 0 && x >= 0 && y < height && x < width && bitmap[y * width + x] === 1;
  const expected = bitmap.map((value, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    let isCore = true;
    for (let dy = -distance; dy <= distance; dy++)
      for (let dx = -distance; dx <= distance; dx++) isCore &&= at(y + dy, x + dx);
    return isCore ? 0 : value;
  });
  expect(decodeRle(boundaryRle(encodeRle(bitmap, height, width), distance))).toEqual(expected);
});
