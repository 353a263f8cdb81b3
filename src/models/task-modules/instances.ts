// Ground truth of a sample as assigners take it: objects, and regions to ignore.

import { takeInstances } from '../../data/instances';
import type { Truths } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { requireFiniteBoxes } from './require-finite-boxes';
import type { Instances } from './types';

/**
 * Crowd and difficult boxes go to `ignored`.
 *
 * @throws DetLabError for a box with a coordinate that is not finite; `image` is named in it.
 */
export function toInstances({ ignored, ...truths }: Truths, image?: string): Instances {
  requireFiniteBoxes(truths.bboxes, image === undefined ? 'the ground truth' : `the ground truth of "${image}"`);
  const indices = Int32Array.from(ignored.keys());
  const objects = takeInstances(
    truths,
    indices.filter((i) => ignored[i] === 0),
  );
  return {
    ...objects,
    ignored: takeBoxes(
      truths.bboxes,
      indices.filter((i) => ignored[i] !== 0),
    ),
  };
}
