// The rule of FoveaBox: on the levels whose range has the size of a ground-truth box, the cells in the middle part of the box are
// assigned to it, those of small boxes last (Kong et al., FoveaBox, TIP 2020).

import type { Assigner, AssignInput, AssignResult } from '../task-modules';
import { unassigned } from '../task-modules/assigners/unassigned';

export interface FoveaAssignerOptions {
  /** [minimum, maximum] square root of the area of boxes, by level, in pixels. */
  ranges: [number, number][];
  /** Share of a box that is assigned, in x and y. */
  sigma: number;
}

const f = Math.fround;

export class FoveaAssigner implements Assigner {
  readonly needs = { priors: 'points' } as const;
  readonly gives = [];

  constructor(private readonly options: FoveaAssignerOptions) {}

  assign({ priors, levels, instances: { bboxes, labels } }: AssignInput): AssignResult {
    const result = unassigned(priors.length / 4, labels.length);
    const sizes = Array.from(labels, (_, g) =>
      f(Math.sqrt(f(f(bboxes[4 * g + 2] - bboxes[4 * g]) * f(bboxes[4 * g + 3] - bboxes[4 * g + 1])))),
    );
    const descending = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]);
    let start = 0;
    for (const [level, count] of levels.entries()) {
      const [min, max] = this.options.ranges[level];
      const width = gridWidth(priors, start, count);
      const stride = priors[4 * start + 2];
      for (const g of descending) {
        if (sizes[g] < min || sizes[g] > max) continue;
        const [left, right] = this.middle(bboxes[4 * g], bboxes[4 * g + 2], stride, width);
        const [top, bottom] = this.middle(bboxes[4 * g + 1], bboxes[4 * g + 3], stride, count / width);
        for (let y = top; y <= bottom; y++)
          for (let x = left; x <= right; x++) {
            result.assigned[start + y * width + x] = g + 1;
            result.labels[start + y * width + x] = labels[g];
          }
      }
      start += count;
    }
    return result;
  }

  /** First and last of `cells` cells whose centers are in the middle part of [from, to]; none where the last is less. */
  private middle(from: number, to: number, stride: number, cells: number): [first: number, last: number] {
    const { sigma } = this.options;
    const start = f(from / stride);
    const half = f(0.5 * f(f(to / stride) - start));
    const inside = (cell: number) => Math.min(Math.max(cell, 0), cells - 1);
    const edge = (share: number) => f(f(start + f(share * half)) - 0.5);
    return [inside(Math.ceil(edge(1 - sigma))), inside(Math.floor(edge(1 + sigma)))];
  }
}

/** Columns of the grid of `count` points from `start` on: so many have the y of the first. */
function gridWidth(priors: Float32Array, start: number, count: number): number {
  let width = 1;
  while (width < count && priors[4 * (start + width) + 1] === priors[4 * start + 1]) width++;
  return width;
}
