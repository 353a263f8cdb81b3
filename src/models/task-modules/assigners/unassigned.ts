// The result that assigners start from.

import type { AssignResult } from '../types';

/** All `count` priors background. */
export function unassigned(count: number, numTruths: number): AssignResult {
  return {
    numTruths,
    assigned: new Int32Array(count),
    maxOverlaps: new Float32Array(count),
    labels: new Int32Array(count).fill(-1),
  };
}
