// How many priors a cell has, for heads whose layers serve all levels.

import { DetLabError } from '../../errors';
import type { PriorGenerator } from '../task-modules';

/** @throws DetLabError when levels differ. */
export function cellPriors(head: string, { numBasePriors: counts }: PriorGenerator, path: string): number {
  if (new Set(counts).size > 1)
    throw new DetLabError(
      `Cannot build ${head} at ${path}: expected the same number of anchors per cell on all levels, received [${counts.join(', ')}]`,
    );
  return counts[0];
}
