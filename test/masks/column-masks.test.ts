// Intersections column by column, against bitmaps: masks with several runs per column, runs over several columns, empty runs.

import { expect, it } from 'vitest';
import { ColumnMasks, CompressedRle, countsToString, decodeRle, type Rle, rleArea } from '../../src/masks';
import { Random } from '../../src/random';

function randomMask(random: Random, height: number, width: number, longest: number): Rle {
  const counts: number[] = [];
  for (let left = height * width; left > 0; ) {
    const run = Math.min(left, random.uniform() < 0.1 ? 0 : random.integer(longest));
    counts.push(run);
    left -= run;
  }
  return { height, width, counts: Uint32Array.from(counts) };
}

it('areas and overlaps of plain and of compressed masks', () => {
  const random = Random.seeded(8);
  for (const [height, width, longest] of [
    [7, 9, 6],
    [5, 12, 30],
    [1, 20, 5],
    [16, 1, 9],
  ]) {
    const columns = new ColumnMasks();
    for (let round = 0; round < 50; round++) {
      columns.clear();
      const [a, b] = [randomMask(random, height, width, longest), randomMask(random, height, width, longest)];
      const compressed = new CompressedRle(height, width, Buffer.from(countsToString(b.counts)));
      const [first, second, third] = [columns.add(a), columns.add(b), columns.add(compressed)];
      const [inA, inB] = [decodeRle(a), decodeRle(b)];
      const both = inA.reduce((sum, value, i) => sum + (value & inB[i]), 0);
      const either = rleArea(a) + rleArea(b) - both;
      expect([columns.area(first), columns.area(third)]).toEqual([rleArea(a), rleArea(b)]);
      expect([columns.areaOf(a), columns.areaOf(compressed)]).toEqual([rleArea(a), rleArea(b)]);
      expect(columns.overlap(first, second, false)).toBe(both === 0 ? 0 : both / either);
      expect(columns.overlap(first, third, true)).toBe(both === 0 ? 0 : both / rleArea(a));
    }
  }
});

it('sizes that differ, and no foreground', () => {
  const columns = new ColumnMasks();
  const whole = columns.add({ height: 2, width: 3, counts: Uint32Array.of(0, 6) });
  const other = columns.add({ height: 3, width: 3, counts: Uint32Array.of(0, 9) });
  const empty = columns.add({ height: 2, width: 3, counts: Uint32Array.of(6) });
  expect(columns.overlap(whole, other, false)).toBe(-1);
  expect(columns.overlap(whole, empty, false)).toBe(0);
  expect(columns.area(empty)).toBe(0);
});
