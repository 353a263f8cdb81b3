// How many priors a cell has, for heads whose layers serve all levels.

import { DetLabError } from '../../errors';
import type { PriorGenerator } from '../task-modules';

/** @throws DetLabError when levels differ, or when a cell does not have the `expected` number. */
export function cellPriors(
  head: string,
  { numBasePriors: counts }: PriorGenerator,
  path: string,
  expected?: number,
): number {
  if (new Set(counts).size > 1)
    throw new DetLabError(
      `Cannot build ${head} at ${path}: expected the same number of anchors per cell on all levels, received [${counts.join(', ')}]`,
    );
  if (expected !== undefined && counts[0] !== expected)
    throw new DetLabError(
      `Cannot build ${head} at ${path}: expected ${expected} anchor per cell, received ${counts[0]}. Give one ratio and one scale`,
    );
  return counts[0];
}
