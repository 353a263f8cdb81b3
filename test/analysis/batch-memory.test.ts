// From the memory of some batches to the next one to try.

import { expect, test } from 'vitest';
import { type BatchMemory, memoryPerImage, nextBatch } from '../../src/analysis/batch-memory';

/** All batches that are tried where a step takes 100 + 30 bytes an image. */
function tried(budget: number, most = 512, bytesOf = (batch: number) => 100 + 30 * batch): BatchMemory[] {
  const measured: BatchMemory[] = [];
  for (let batch = nextBatch(measured, budget, most); batch !== undefined; batch = nextBatch(measured, budget, most))
    measured.push({ batch, bytes: bytesOf(batch) });
  return measured;
}

test('the largest that fits is found, and nothing above the budget is tried', () => {
  for (const budget of [135, 200, 500, 3000]) {
    const found = tried(budget);
    if (budget >= 260) expect(found.at(-1)!.batch).toBe(Math.floor((budget - 100) / 30));
    expect(Math.max(...found.map(({ bytes }) => bytes))).toBeLessThanOrEqual(budget);
  }
  expect(tried(3000).map(({ batch }) => batch)).toEqual([1, 2, 4, 8, 16, 32, 64, 96]);
  expect(memoryPerImage(tried(3000))).toEqual({ fixed: 100, perImage: 30 });
});

test('not more than asked for; one that does not fit ends it', () => {
  expect(tried(1e6, 12).map(({ batch }) => batch)).toEqual([1, 2, 4, 8, 12]);
  expect(tried(20)).toEqual([{ batch: 1, bytes: 130 }]);
});

test('memory that does not grow at first is no reason for endless batches', () => {
  const found = tried(1000, 512, (batch) => Math.max(400, 100 + 30 * batch));
  expect(Math.max(...found.map(({ bytes }) => bytes))).toBeLessThan(1100);
  expect(found.at(-1)!.batch).toBe(30);
});
