// RegionAssigner: anchors whose centre is in the middle of a ground-truth box are positive, on the level of its size; those around the
// middle, and those in the box on the levels beside, are ignored (Vu et al., Cascade RPN, NeurIPS 2019).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { boxRegion, octaveLevel } from '../box-regions';
import type { Assigner, AssignerContract, AssignInput, AssignResult } from '../types';
import { unassigned } from './unassigned';

const options = z.strictObject({
  center_ratio: z.number().min(0).max(1).default(0.2).describe('Share of the sides of a box that is its middle'),
  ignore_ratio: z.number().min(0).max(1).default(0.5).describe('Share of the sides up to which anchors are ignored'),
});
type Options = z.output<typeof options>;
const f = Math.fround;
const IGNORED = -1;

const contract = { needs: { priors: 'boxes', squares: true }, gives: [] } as const satisfies AssignerContract;

export class RegionAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(private readonly options: Options) {}

  assign({ priors, levels, squares, instances: { bboxes, labels } }: AssignInput): AssignResult {
    if (!squares) throw new DetLabError('Cannot assign with RegionAssigner: expected the cells of the anchors');
    const { sizes, strides, scale } = squares;
    const result = unassigned(priors.length / 4, labels.length);
    const starts = levels.map((_, level) => levels.slice(0, level).reduce((sum, n) => sum + n, 0));
    const besides = new Uint8Array(priors.length / 4);
    const [center, ignored] = [this.options.center_ratio, this.options.ignore_ratio].map((ratio) => (1 - ratio) / 2);
    const inside = (g: number, level: number, margin: number, found: (i: number) => void) => {
      const [left, top, right, bottom] = boxRegion(bboxes, g, margin, { stride: strides[level], size: sizes[level] });
      const middle = (low: number, high: number) => f(f(f(low / strides[level]) + f(high / strides[level])) * 0.5);
      for (let i = starts[level]; i < starts[level] + levels[level]; i++) {
        const x = middle(priors[4 * i], priors[4 * i + 2]);
        const y = middle(priors[4 * i + 1], priors[4 * i + 3]);
        if (x >= left && x <= right && y >= top && y <= bottom) found(i);
      }
    };
    for (const g of labels.keys()) {
      const level = octaveLevel(bboxes, g, scale * strides[0], levels.length);
      inside(g, level, ignored, (i) => (result.assigned[i] = IGNORED));
      inside(g, level, center, (i) => (result.assigned[i] = g + 1));
      for (const next of [level - 1, level + 1])
        if (next >= 0 && next < levels.length) inside(g, next, ignored, (i) => (besides[i] = 1));
    }
    for (const [i, beside] of besides.entries()) {
      if (beside) result.assigned[i] = IGNORED;
      if (result.assigned[i] > 0) result.labels[i] = labels[result.assigned[i] - 1];
    }
    return result;
  }
}

export const regionAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'RegionAssigner',
  summary: 'Assigns ground-truth boxes to the anchors in their middle, on the level of their size',
  paper: 'Vu et al., Cascade RPN: Delving into High-Quality Region Proposal Network, NeurIPS 2019',
  shapes: 'anchors [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, none, or ignored',
  example: "{ type: 'RegionAssigner', center_ratio: 0.2, ignore_ratio: 0.5 }",
  options,
  contract,
  build: (given) => new RegionAssigner(given),
});
