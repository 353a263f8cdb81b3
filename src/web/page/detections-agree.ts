// Whether two engines detect the same: what a GPU must show before a page uses it.

import type { Detections } from '../../data/types';

/** Detections of lower scores may differ: they are cut off by their number. */
export const AGREEMENT = { box: 0.1, score: 1e-3, from: 0.05 } as const;

/**
 * Whether each detection of one, from the lowest score on, has a partner in the other: of its class, in any order, with a box
 * within 0.1 pixels and a score within 0.001.
 *
 * @returns undefined when there is nothing to compare
 */
export function detectionsAgree(a: Detections, b: Detections): boolean | undefined {
  const [counted, others] = [a, b].map((side) =>
    [...side.scores.keys()].filter((i) => side.scores[i] >= AGREEMENT.from),
  );
  if (counted.length === 0 && others.length === 0) return undefined;
  return haveAllPartners(a, counted, b) && haveAllPartners(b, others, a);
}

function haveAllPartners(a: Detections, counted: readonly number[], b: Detections): boolean {
  const free = new Set(b.scores.keys());
  return counted.every((i) => {
    for (const j of free) {
      if (a.labels[i] !== b.labels[j] || !(Math.abs(a.scores[i] - b.scores[j]) <= AGREEMENT.score)) continue;
      const near = [0, 1, 2, 3].every((k) => Math.abs(a.bboxes[4 * i + k] - b.bboxes[4 * j + k]) <= AGREEMENT.box);
      if (near) return free.delete(j);
    }
    return false;
  });
}
