// How many priors, proposals or queries each ground-truth box was given, by feature level.

export interface AssignedPriors {
  /** Index of the ground truth of each [P], and its level where there are levels. */
  truths: ArrayLike<number>;
  levels?: ArrayLike<number>;
  overlaps?: ArrayLike<number>;
  sampled?: ArrayLike<number>;
}

export interface TruthAssignment {
  total: number;
  byLevel: number[];
  /** Drawn by the sampler; `total` where nothing is sampled. */
  sampled: number;
  /** The largest overlap of those assigned, where the assigner gives overlaps. */
  bestOverlap?: number;
}

/**
 * @param count number of ground-truth boxes
 * @param levels number of feature levels
 * @example assignmentCounts({ truths: [0, 0], levels: [1, 2] }, 2, 3)[0].byLevel // [0, 1, 1]
 */
export function assignmentCounts(
  { truths, levels, overlaps, sampled }: AssignedPriors,
  count: number,
  levelCount: number,
): TruthAssignment[] {
  const counts = Array.from(
    { length: count },
    (): TruthAssignment => ({
      total: 0,
      byLevel: Array<number>(levelCount).fill(0),
      sampled: 0,
    }),
  );
  for (let k = 0; k < truths.length; k++) {
    const of = counts[truths[k]];
    of.total++;
    if (levels) of.byLevel[levels[k]]++;
    if (!sampled || sampled[k] === 1) of.sampled++;
    if (overlaps) of.bestOverlap = Math.max(of.bestOverlap ?? 0, overlaps[k]);
  }
  return counts;
}
