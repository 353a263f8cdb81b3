// IoUCost: negative IoU or GIoU of the boxes.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { bboxOverlaps } from '../../../geometry/boxes';
import type { Given } from '../assigners/predictions-of';
import type { Instances } from '../types';
import type { MatchCost } from './match-cost';

const options = z.strictObject({
  iou_mode: z.enum(['iou', 'giou', 'iof']).default('giou').describe('Overlap measure'),
  weight: z.number().default(1).describe('Weight of the cost'),
});
type Options = z.output<typeof options>;

export class IoUCost implements MatchCost {
  readonly needs = ['boxes'] as const;

  constructor(private readonly options: Options) {}

  cost({ boxes }: Given<'boxes'>, truths: Instances): Float32Array {
    const { iou_mode, weight } = this.options;
    return bboxOverlaps(boxes, truths.bboxes, iou_mode).map((v) => -v * weight);
  }
}

export const iouCostDefinition = defineModule({
  kind: 'match_cost',
  type: 'IoUCost',
  summary: 'Negative IoU or GIoU of the boxes',
  paper: 'Rezatofighi et al., Generalized Intersection over Union, CVPR 2019',
  shapes: 'boxes [n, 4], ground truth [K, 4] -> costs [n, K]',
  example: "{ type: 'IoUCost', iou_mode: 'giou', weight: 2 }",
  options,
  build: (given) => new IoUCost(given),
});
