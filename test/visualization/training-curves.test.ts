// The data of a run's chart: fewer points, smoothed ones, and tables.

import { expect, test } from 'vitest';
import { curvesCsv, downsampled, smoothed } from '../../src/visualization/training-curves';

const steps = Array.from({ length: 500 }, (_, i) => ({ at: (i + 1) / 100, lr: 0.02, losses: { loss: 2 - i / 500 } }));

test('a long run is downsampled to the means of its neighbours', () => {
  const few = downsampled(steps, 100);
  expect(few).toHaveLength(100);
  expect(few[0].losses.loss).toBeCloseTo((2 + 1.998 + 1.996 + 1.994 + 1.992) / 5, 9);
  expect(few.at(-1)!.at).toBe(5);
});

test('the first part of a resumed run keeps its width, though fewer points are known of it', () => {
  const known = Array.from({ length: 10 }, (_, i) => ({ at: i, lr: 1, losses: { loss: 9 } }));
  const dense = Array.from({ length: 5000 }, (_, i) => ({ at: 10 + i / 500, lr: 1, losses: { loss: 1 } }));
  const shown = downsampled([...known, ...dense], 100);
  expect(shown.length).toBeLessThanOrEqual(100);
  expect(shown.filter(({ at }) => at < 10).map(({ at }) => at)).toEqual(known.map(({ at }) => at));
});

test('smoothing is the debiased exponential moving average', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const points = values.map((y, x) => [x, y] as const);
  // TensorBoard's form: last = w last + (1 - w) y, divided by 1 - w^n
  const width = 2;
  const w = Math.exp(-1 / width);
  let last = 0;
  const expected = values.map((y, i) => (last = w * last + (1 - w) * y) / (1 - w ** (i + 1)));
  for (const [i, [x, y]] of smoothed(points, width).entries()) {
    expect(x).toBe(i);
    expect(y).toBeCloseTo(expected[i], 12);
  }
  // a constant stays one from its first point on, and few points stay what they are
  const level = smoothed(
    [0, 1, 9].map((x) => [x, 7]),
    3,
  );
  for (const [, y] of level) expect(y).toBeCloseTo(7, 9);
  const ends = [1, 5].map((y, x) => [x, y] as const);
  expect(smoothed(ends)[1][1]).toBeCloseTo(5, 9);
  expect(smoothed([[2, 5]])).toEqual([[2, 5]]);
  expect(smoothed([])).toEqual([]);
});

test('as CSV, iterations and evaluations are rows in order, with empty cells', () => {
  const csv = curvesCsv({
    unit: 'epoch',
    steps: [0.5, 1, 1.5].map((at) => ({ at, lr: 0.1, losses: { loss: 1 / at } })),
    evaluations: [{ at: 1, metrics: { AP: 0.25 }, losses: { loss: 3 } }],
  });
  expect(csv.split('\r\n')).toEqual([
    'epoch,lr,loss,AP,val/loss',
    '0.5,0.1,2,,',
    '1,0.1,1,,',
    '1,,,0.25,3',
    '1.5,0.1,0.6666666666666666,,',
    '',
  ]);
});
