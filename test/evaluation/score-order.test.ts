// Stable order by score, of few rows (merge sort) and of many (radix sort), against the engine's own sort.

import { expect, it } from 'vitest';
import { sortByScore } from '../../src/evaluation/score-order';
import { Random } from '../../src/random';

const random = Random.seeded(3);
/** Scores of several kinds: with many ties, of any sign, that differ in the last bits only. */
const KINDS: Record<string, () => number> = {
  ties: () => Math.round(random.uniform() * 20) / 20,
  'of any sign': () => random.uniform(-5, 5),
  'in the last bits': () => 0.5 + random.integer(50) * 2 ** -52,
  zeros: () => [0, -0, Number.MIN_VALUE, Number.POSITIVE_INFINITY][random.integer(4)],
};

it.each(Object.keys(KINDS))('scores: %s', (kind) => {
  for (const count of [0, 1, 13, 100, 1000, 5000]) {
    const scores = Float64Array.from({ length: count }, KINDS[kind]);
    const rows = Int32Array.from({ length: count }, (_, i) => count - 1 - i);
    const expected = [...scores].sort((a, b) => (a === b ? 0 : b > a ? 1 : -1));
    sortByScore(rows, count, scores);
    expect([...rows].map((row) => scores[row] + 0)).toEqual(expected.map((score) => score + 0));
    // ties keep the order in which they came
    for (let i = 1; i < count; i++)
      if (scores[rows[i - 1]] === scores[rows[i]]) expect(rows[i - 1]).toBeGreaterThan(rows[i]);
  }
});
