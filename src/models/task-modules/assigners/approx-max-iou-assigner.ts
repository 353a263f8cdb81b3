// ApproxMaxIoUAssigner: MaxIoUAssigner for anchors whose size is predicted. The IoU of such an anchor is the highest of A boxes that
// it may become (Wang et al., Region Proposal by Guided Anchoring, CVPR 2019).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { buildIouCalculator } from '../iou-calculators/iou-calculator-option';
import type { AssignerContract, AssignInput } from '../types';
import { MaxIoUAssigner, maxIoUOptions, type OverlapRuns } from './max-iou-assigner';
import { PriorBlocks } from './prior-blocks';

const contract = {
  needs: { priors: 'boxes', approxs: true },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

export class ApproxMaxIoUAssigner extends MaxIoUAssigner {
  override readonly needs = contract.needs;

  protected override overlapRuns({ priors, approxs }: AssignInput): OverlapRuns {
    if (!approxs) throw new DetLabError('Cannot assign with ApproxMaxIoUAssigner: expected the boxes of each prior');
    const group = approxs.length / priors.length; // A
    const blocks = new PriorBlocks(approxs);
    return (box) => {
      const runs: [number, Float32Array][] = [];
      let next = 0;
      for (const [from, to] of blocks.near(box)) {
        // whole groups, each once
        const start = Math.max(Math.floor(from / group), next);
        const end = Math.ceil(to / group);
        if (end <= start) continue;
        const each = this.iou.overlaps(box, approxs.subarray(4 * group * start, 4 * group * end));
        const best = new Float32Array(end - start);
        for (const [k, overlap] of each.entries()) {
          const i = Math.floor(k / group);
          if (overlap > best[i]) best[i] = overlap;
        }
        runs.push([start, best]);
        next = end;
      }
      return runs;
    };
  }
}

export const approxMaxIoUAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'ApproxMaxIoUAssigner',
  summary: 'Assigns ground-truth boxes to guided anchors by the IoU of the best box that each may become',
  paper: 'Wang et al., Region Proposal by Guided Anchoring, CVPR 2019',
  shapes: 'boxes [T, 4] and [T, A, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or none',
  example: "{ type: 'ApproxMaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3 }",
  options: z.strictObject(maxIoUOptions),
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new ApproxMaxIoUAssigner(given, buildIouCalculator(iou_calculator, context)),
});
