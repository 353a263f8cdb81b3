// Assigners that look at what is predicted: a prior goes to a truth by the class score and the box it predicts now.

import type { AssignResult, Instances } from '../types';

/** Predictions of one image, detached, in plain arrays. */
export interface Predictions {
  /** [T, classes]; probabilities or logits, as the assigner says. */
  scores: Float32Array;
  classes: number;
  /** Decoded, flat xyxy. */
  boxes: Float32Array;
  /** Point and stride of each: x, y, stride x, stride y. */
  priors: Float32Array;
}

export interface PredictionAssigner {
  assign(predictions: Predictions, instances: Instances): AssignResult;
}

/** No prior assigned. */
export function noAssignment(count: number, truths: number): AssignResult {
  return {
    numTruths: truths,
    assigned: new Int32Array(count),
    maxOverlaps: new Float32Array(count),
    labels: new Int32Array(count).fill(-1),
  };
}
