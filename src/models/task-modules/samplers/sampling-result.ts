// Puts a SamplingResult together.

import { takeBoxes } from '../../../geometry/boxes';
import type { AssignResult, Instances, SamplingResult } from '../types';

/**
 * `avgFactor` counts at least one positive and, with `countNegatives`, at least one negative; `numTruths` of the priors,
 * from the first, are ground-truth boxes.
 */
export function samplingResult(
  positive: Int32Array,
  negative: Int32Array,
  priors: Float32Array,
  { assigned, labels, maxOverlaps }: AssignResult,
  instances: Instances,
  countNegatives: boolean,
  numTruths = 0,
): SamplingResult {
  const { weights } = instances;
  const positiveTruth = positive.map((i) => assigned[i] - 1);
  return {
    priors,
    numTruths,
    positive,
    negative,
    positiveTruth,
    positiveLabels: positive.map((i) => labels[i]),
    positiveBoxes: takeBoxes(instances.bboxes, positiveTruth),
    ...(weights && { positiveWeights: Float32Array.from(positiveTruth, (truth) => weights[truth]) }),
    avgFactor: Math.max(positive.length, 1) + (countNegatives ? Math.max(negative.length, 1) : 0),
    maxOverlaps,
  };
}
