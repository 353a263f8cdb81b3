import { expect, test } from 'vitest';
import { assignmentCounts } from '../../src/analysis/assignment-counts';

test('counts by truth and level, with samples and the best overlap', () => {
  const counts = assignmentCounts(
    { truths: [0, 2, 0], levels: [1, 0, 1], overlaps: [0.5, 0.9, 0.7], sampled: [1, 1, 0] },
    3,
    2,
  );
  expect(counts).toEqual([
    { total: 2, byLevel: [0, 2], sampled: 1, bestOverlap: 0.7 },
    { total: 0, byLevel: [0, 0], sampled: 0 },
    { total: 1, byLevel: [1, 0], sampled: 1, bestOverlap: 0.9 },
  ]);
});

test('without levels and samples everything counts as drawn', () => {
  expect(assignmentCounts({ truths: [1, 1] }, 2, 0)[1]).toEqual({ total: 2, byLevel: [], sampled: 2 });
});
