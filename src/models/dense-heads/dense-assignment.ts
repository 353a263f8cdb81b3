// What a dense head reports of the assignment of one image.

import { takeBoxes } from '../../geometry/boxes';
import type { AssignResult, Instances } from '../task-modules';
import type { Assignment } from '../types';

/** The assigner's result, and the indices of the sampled positives among all priors. */
export type Watched = [assigned: AssignResult, positive: Int32Array];

interface Watching extends Pick<Assignment, 'source' | 'image' | 'form' | 'strides'> {
  /** All priors [T, 4] and the level of each [T]. */
  priors: Float32Array;
  levels: Int32Array;
  instances: Instances;
  /** Indices of the priors that could be assigned; all when absent. */
  inside?: Int32Array;
  given: Watched;
}

export function denseAssignment({ given, inside, instances, levels, priors, ...about }: Watching): Assignment {
  const [{ assigned, maxOverlaps }, positive] = given;
  const places = Int32Array.from(assigned.keys()).filter((k) => assigned[k] > 0);
  const indices = inside ? places.map((k) => inside[k]) : places;
  const drawn = new Set(positive);
  return {
    ...about,
    indices,
    priors: takeBoxes(priors, indices),
    levels: indices.map((k) => levels[k]),
    truths: places.map((k) => assigned[k] - 1),
    overlaps: Float32Array.from(places, (k) => maxOverlaps[k]),
    sampled: Uint8Array.from(indices, (k) => (drawn.has(k) ? 1 : 0)),
    boxes: instances.bboxes,
    labels: instances.labels,
  };
}
