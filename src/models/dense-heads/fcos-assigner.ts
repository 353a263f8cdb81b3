// The rule of FCOS: a point is assigned to a ground-truth box that it lies in (or near whose center it lies) if the farthest
// side is in the range of the point's level; of several boxes to the smallest (Tian et al., ICCV 2019).

import { type Moments, rleMoments, toRles } from '../../masks';
import type { Assigner, AssignInput, AssignResult } from '../task-modules';
import { unassigned } from '../task-modules/assigners/unassigned';

export interface FCOSAssignerOptions {
  /** [minimum, maximum] distance of the farthest side, by level. */
  ranges: [number, number][];
  /** Only points within this many strides of the center. */
  radius?: number;
  /** The center of an object is the centroid of its mask, where masks were loaded (CondInst). */
  centroids?: boolean;
}

const f = Math.fround;
/** The corner of the image for a mask without pixels, as in the reference. */
const centroidOf = ({ area, sumX, sumY }: Moments) => (area > 0 ? [f(f(sumX) / area), f(f(sumY) / area)] : [0, 0]);

export class FCOSAssigner implements Assigner {
  readonly needs = { priors: 'points' } as const;
  readonly gives = [];

  constructor(private readonly options: FCOSAssignerOptions) {}

  assign({ priors, levels, instances: { bboxes, labels, masks } }: AssignInput): AssignResult {
    const { ranges, radius, centroids } = this.options;
    const objects = centroids && radius !== undefined && masks ? toRles(masks).map(rleMoments) : undefined;
    const count = priors.length / 4;
    const result = unassigned(count, labels.length);
    const smallest = new Float32Array(count).fill(1e8);
    for (let g = 0; g < labels.length; g++) {
      const [x1, y1, x2, y2] = [bboxes[4 * g], bboxes[4 * g + 1], bboxes[4 * g + 2], bboxes[4 * g + 3]];
      const area = f(f(x2 - x1) * f(y2 - y1));
      const [cx, cy] = objects ? centroidOf(objects[g]) : [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)];
      let i = 0;
      for (const [level, size] of levels.entries()) {
        const [min, max] = ranges[level];
        for (const end = i + size; i < end; i++) {
          const [x, y, stride] = [priors[4 * i], priors[4 * i + 1], priors[4 * i + 2]];
          const [l, t, r, b] = [f(x - x1), f(y - y1), f(x2 - x), f(y2 - y)];
          const reach = radius === undefined ? 0 : f(stride * radius);
          const inside =
            radius === undefined
              ? Math.min(l, t, r, b) > 0
              : Math.min(
                  f(x - Math.max(f(cx - reach), x1)),
                  f(y - Math.max(f(cy - reach), y1)),
                  f(Math.min(f(cx + reach), x2) - x),
                  f(Math.min(f(cy + reach), y2) - y),
                ) > 0;
          const farthest = Math.max(l, t, r, b);
          if (!inside || farthest < min || farthest > max || area >= smallest[i]) continue;
          smallest[i] = area;
          result.assigned[i] = g + 1;
          result.labels[i] = labels[g];
        }
      }
    }
    return result;
  }
}
