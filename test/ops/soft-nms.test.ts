import { expect, test } from 'vitest';
import { softNms } from '../../src/ops/soft-nms';

const BOXES = Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 50, 50, 60, 60);

test.each(['naive', 'linear', 'gaussian'] as const)(
  'NaN scores do not change what is kept of the others (%s)',
  (method) => {
    const clean = softNms(BOXES, Float32Array.of(0.9, 0.8, 0.7), { method });
    const boxes = Float32Array.of(0, 0, 10, 10, ...BOXES, 0, 0, 10, 10);
    const { keep, scores } = softNms(boxes, Float32Array.of(Number.NaN, 0.9, 0.8, 0.7, Number.NaN), { method });
    expect([...keep].map((i) => i - 1)).toEqual([...clean.keep]);
    expect([...scores]).toEqual([...clean.scores]);
  },
);

test('boxes without area do not turn scores into NaN', () => {
  const { scores } = softNms(new Float32Array(8), Float32Array.of(0.9, 0.8), { method: 'gaussian' });
  expect([...scores]).toEqual([...Float32Array.of(0.9, 0.8)]);
});
