// Folds of iterative stratification: those of the iterative-stratification package (0.1.9) where nothing is left to chance.

import { expect, test } from 'vitest';
import { iterativeStratification } from '../../src/analysis/iterative-stratification';
import { Random } from '../../src/random';

const itemOf = (labels: number[], weight = 1) => ({ weight, counts: new Map(labels.map((l) => [l, weight])) });

/** Classes of each of 18 items, and the folds that the reference gives them with every seed. */
const GOLDEN = [
  {
    classes: [
      [0, 1],
      [0, 1, 2],
      [0, 1],
      [0, 2],
      [3],
      [0, 1, 3],
      [0, 2, 3],
      [0, 1],
      [],
      [2],
      [],
      [0, 1],
      [0, 3],
      [0, 3],
      [0, 1],
      [3],
      [0, 3],
      [1],
    ],
    folds: [0, 0, 1, 1, 0, 0, 2, 0, 0, 0, 1, 1, 1, 0, 2, 1, 2, 2],
  },
  {
    classes: [
      [0, 2],
      [2],
      [0, 1, 2],
      [1],
      [0, 2],
      [0, 3],
      [0],
      [0],
      [3],
      [],
      [0, 2],
      [0],
      [0, 2],
      [0, 1],
      [],
      [0],
      [0, 1, 2],
      [1],
    ],
    folds: [0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 2, 0, 0, 2, 2, 1],
  },
  {
    classes: [
      [],
      [1, 3],
      [0, 1, 3],
      [2],
      [0, 1, 2],
      [0],
      [0, 1, 3],
      [1],
      [0, 1, 2],
      [0],
      [0, 3],
      [0],
      [0],
      [1, 3],
      [1],
      [1],
      [3],
      [0, 1],
    ],
    folds: [1, 0, 1, 0, 1, 0, 0, 0, 2, 0, 2, 1, 0, 1, 0, 2, 0, 0],
  },
];
const SHARES = [0.4631, 0.3127, 0.2242];

test.each(GOLDEN)('as the reference: $folds', ({ classes, folds }) => {
  for (let seed = 0; seed < 5; seed++)
    expect([
      ...iterativeStratification(
        classes.map((c) => itemOf(c)),
        SHARES,
        Random.seeded(seed),
      ),
    ]).toEqual(folds);
});

test('every class is spread evenly, also one of as many images as folds; images without objects too', () => {
  const random = Random.seeded(4);
  const items = Array.from({ length: 200 }, (_, i) =>
    itemOf([
      ...(random.uniform() < 0.6 ? [0] : []),
      ...(random.uniform() < 0.2 ? [1] : []),
      ...(i % 40 === 3 ? [2] : []),
    ]),
  );
  const folds = iterativeStratification(items, new Array<number>(5).fill(0.2), random);
  const counts = (has: (item: (typeof items)[number]) => boolean) =>
    [0, 1, 2, 3, 4].map((fold) => items.filter((item, i) => folds[i] === fold && has(item)).length);
  expect(counts(() => true)).toEqual([40, 40, 40, 40, 40]);
  expect(counts(({ counts: c }) => c.has(2))).toEqual([1, 1, 1, 1, 1]);
  for (const label of [0, 1]) {
    const of = counts(({ counts: c }) => c.has(label));
    expect(Math.max(...of) - Math.min(...of)).toBeLessThanOrEqual(1);
  }
});

test('groups count as many images as they have', () => {
  const items = [itemOf([0], 6), itemOf([0], 2), itemOf([0], 2), itemOf([0], 2)];
  const folds = iterativeStratification(items, [0.5, 0.5], Random.seeded(0));
  expect(new Set([folds[1], folds[2], folds[3]]).size).toBe(1);
  expect(folds[1]).not.toBe(folds[0]);
});
