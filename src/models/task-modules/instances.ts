// The truths of a sample, split into those to learn from and those to ignore.

import type { Truths } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { takeMasks } from '../../masks';
import type { Instances } from './types';

/** Crowd and difficult boxes go to `ignored`; with `classAgnostic` every label is 0, as a region proposal network has it. */
export function toInstances({ bboxes, labels, ignored, masks }: Truths, classAgnostic = false): Instances {
  const indices = Int32Array.from(labels.keys());
  const learnt = indices.filter((i) => !ignored[i]);
  return {
    ...(masks ? { masks: takeMasks(masks, learnt) } : {}),
    bboxes: takeBoxes(bboxes, learnt),
    labels: learnt.map((i) => (classAgnostic ? 0 : labels[i])),
    ignored: takeBoxes(
      bboxes,
      indices.filter((i) => ignored[i] !== 0),
    ),
  };
}
