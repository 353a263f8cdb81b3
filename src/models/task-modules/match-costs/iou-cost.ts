// IoUCost: minus the overlap of the boxes.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { bboxOverlaps } from '../../../geometry/boxes';
import type { MatchCost, MatchPredictions, MatchTruths } from './match-cost';

const options = z.strictObject({
  iou_mode: z.enum(['iou', 'giou', 'iof']).default('giou').describe('Kind of overlap'),
  weight: z.number().default(1).describe('Factor on the cost'),
});
type Options = z.output<typeof options>;

export class IoUCost implements MatchCost {
  constructor(private readonly options: Options) {}

  cost({ bboxes }: MatchPredictions, truths: MatchTruths): Float32Array {
    const { iou_mode, weight } = this.options;
    return bboxOverlaps(bboxes, truths.bboxes, iou_mode).map((v) => -v * weight);
  }
}

export const iouCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'IoUCost',
  summary: 'Minus the overlap of the boxes',
  paper: 'Rezatofighi et al., Generalized Intersection over Union, CVPR 2019',
  shapes: 'boxes [n, 4] and truths [k, 4] -> costs [n, k]',
  example: "{ type: 'IoUCost', iou_mode: 'giou', weight: 2 }",
  options,
  build: (given) => new IoUCost(given),
});
