// Iterative stratification (Sechidis et al., ECML PKDD 2011): items of several classes each are dealt out to folds so that every fold
// has its share of each class. The rarest class is dealt out first, since it can be spoilt most easily. Items may also be groups of
// images that stay together: their counts are then above 1.

import type { Random } from '../random';

/** What is dealt out as one: an image, or several. */
export interface StratifiedItem {
  /** Images. */
  weight: number;
  /** Images with an object of each class, by label; classes without any are left out. */
  counts: ReadonlyMap<number, number>;
}

/**
 * @param shares of the folds, with sum 1
 * @param random breaks ties, as in the paper
 * @param order in which the items of a class are dealt out: indices, those of many images first where they are groups
 * @returns the fold of each item
 */
export function iterativeStratification(
  items: readonly StratifiedItem[],
  shares: readonly number[],
  random: Random,
  order: readonly number[] = items.map((_, i) => i),
): Int32Array {
  const folds = new Int32Array(items.length).fill(-1);
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  const missing = shares.map((share) => share * total); // images that each fold still needs
  const left = new Map<number, number>(); // images not yet dealt out, by class
  for (const { counts } of items) for (const [label, n] of counts) left.set(label, (left.get(label) ?? 0) + n);
  const missingOf = new Map([...left].map(([label, n]) => [label, shares.map((share) => share * n)]));

  const dealTo = (item: number, fold: number): void => {
    folds[item] = fold;
    missing[fold] -= items[item].weight;
    for (const [label, n] of items[item].counts) {
      left.set(label, left.get(label)! - n);
      missingOf.get(label)![fold] -= n;
    }
  };
  for (;;) {
    const open = [...left].filter(([, n]) => n > 0);
    if (open.length === 0) break;
    const fewest = Math.min(...open.map(([, n]) => n));
    const label = oneOf(
      open.filter(([, n]) => n === fewest).map(([one]) => one),
      random,
    );
    for (const item of order) {
      if (folds[item] >= 0 || !items[item].counts.has(label)) continue;
      dealTo(item, oneOf(largest(largest([...shares.keys()], missingOf.get(label)!), missing), random));
    }
  }
  // images without objects
  for (const item of order) if (folds[item] < 0) dealTo(item, oneOf(largest([...shares.keys()], missing), random));
  return folds;
}

/** Sums of shares have rounding errors. */
const EPSILON = 1e-9;

/** Those of `folds` that miss most. */
function largest(folds: readonly number[], missing: readonly number[]): number[] {
  const most = Math.max(...folds.map((fold) => missing[fold]));
  return folds.filter((fold) => missing[fold] >= most - EPSILON);
}

const oneOf = <T>(list: readonly T[], random: Random): T => list[list.length === 1 ? 0 : random.integer(list.length)];
