// Reports matches by level, as YOLOv5's and YOLOv7's heads make them, to those who watch the assignment.

import { takeBoxes } from '../../geometry/boxes';
import type { Instances, Size } from '../task-modules';
import type { LevelMatches } from '../task-modules/assigners/match-by-shape';
import type { AssignmentWatch } from '../types';
import type { PriorCache } from './prior-cache';

interface Matching {
  source: string;
  images: readonly Instances[];
  /** By level. */
  matches: readonly LevelMatches[];
  sizes: Size[];
  strides: number[];
  cache: PriorCache;
}

/** An anchor that several boxes have is reported with each. */
export function reportMatches(
  watch: AssignmentWatch,
  { source, images, matches, sizes, strides, cache }: Matching,
): void {
  const priors = cache.of(sizes);
  const counts = cache.counts(sizes);
  const starts = counts.map((_, level) => counts.slice(0, level).reduce((a, b) => a + b, 0));
  for (const [image, { bboxes, labels }] of images.entries()) {
    const found = matches
      .flatMap(({ rows, images: of, truths }, level) =>
        Array.from(rows.keys())
          .filter((k) => of[k] === image)
          .map((k) => ({ index: starts[level] + (rows[k] % counts[level]), truth: truths[k], level })),
      )
      .sort((a, b) => a.index - b.index);
    const indices = Int32Array.from(found, ({ index }) => index);
    watch.assigned({
      ...{ source, image, form: 'anchors', strides, indices, priors: takeBoxes(priors, indices) },
      levels: Int32Array.from(found, ({ level }) => level),
      truths: Int32Array.from(found, ({ truth }) => truth),
      sampled: new Uint8Array(found.length).fill(1),
      ...{ boxes: bboxes, labels },
    });
  }
}
