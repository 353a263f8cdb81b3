import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

test('an iteration is timed with the hooks before NORMAL; the time left is that of those to come, on average', async () => {
  const times: number[] = [];
  const left: number[] = [];
  await trainTiny({
    epochs: 1,
    hooks: [{ name: 'Slow', priority: 50, afterTrainIter: () => new Promise((resolve) => setTimeout(resolve, 20)) }],
    callbacks: {
      onStep: ({ time, dataTime, eta }) => {
        expect(dataTime).toBeLessThan(time);
        times.push(time);
        left.push(eta);
      },
    },
  });
  expect(Math.min(...times)).toBeGreaterThan(0.018);
  const mean = (n: number) => times.slice(0, n).reduce((a, b) => a + b) / n;
  expect(left[1]).toBeCloseTo(3 * mean(2), 9);
  expect(left.at(-1)).toBe(0);
});
