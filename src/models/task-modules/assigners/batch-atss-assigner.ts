// MMYOLO's BatchATSSAssigner, for the first epochs of YOLOv6 and PP-YOLOE: ATSS (Zhang et al., CVPR 2020) on squares of five
// strides around the points, with the IoU of the predicted box as target score. Image by image here.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { plainIoU } from './batch-task-aligned-assigner';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  num_classes: ignoredOption('the classes are those of the scores', {
    schema: z.int().positive().optional(),
    harmless: anyValue,
  }),
  iou_calculator: iouCalculatorOption,
  topk: z
    .int()
    .positive()
    .default(9)
    .describe('Nearest points of each level that are candidates of a ground-truth box'),
});

const contract = {
  needs: { priors: 'points', predictions: ['boxes'] },
  gives: ['maxOverlaps', 'scores'],
} as const satisfies AssignerContract;

export class BatchATSSAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly topk: number,
    private readonly iou: IouCalculator,
  ) {}

  assign(input: AssignInput): AssignResult & { scores: Float32Array } {
    const { priors, instances } = input;
    const { bboxes, labels } = instances;
    const { boxes } = predictionsOf('BatchATSSAssigner', input, contract.needs.predictions);
    const count = priors.length / 4;
    const result = { ...unassigned(count, labels.length), scores: new Float32Array(count) };
    if (labels.length === 0 || count === 0) return result;
    const squares = priors.map(
      (_, i) => priors[(i & ~3) | (i & 1)] + (i & 2 ? 2.5 : -2.5) * priors[(i & ~3) | 2 | (i & 1)],
    );
    /** Ground-truth boxes of which each point is positive. */
    const owners = new Map<number, number[]>();
    for (const g of labels.keys())
      for (const i of this.positives(input, squares, bboxes.subarray(4 * g, 4 * g + 4)))
        owners.set(i, [...(owners.get(i) ?? []), g]);
    for (const [i, list] of owners) {
      // of several, the box of highest IoU among all, whether or not the point is positive of it
      const overlaps = this.iou.overlaps(squares.subarray(4 * i, 4 * i + 4), bboxes);
      const truth = list.length === 1 ? list[0] : overlaps.reduce((best, v, g) => (v > overlaps[best] ? g : best), 0);
      result.assigned[i] = truth + 1;
      result.labels[i] = labels[truth];
      result.maxOverlaps[i] = overlaps[truth];
      result.scores[i] = plainIoU(bboxes, truth, boxes, i);
    }
    return result;
  }

  /** Candidates in a box whose square overlaps it by more than the mean and the deviation of all candidates. */
  private positives({ priors, levels }: AssignInput, squares: Float32Array, box: Float32Array): number[] {
    const [x1, y1, x2, y2] = box;
    const [cx, cy] = [Math.fround(x1 + x2) / 2, Math.fround(y1 + y2) / 2];
    const candidates: number[] = [];
    let start = 0;
    for (const size of levels) {
      // nearest first is the largest of the negatives
      const near = Float32Array.from({ length: size }, (_, k) => {
        const at = 4 * (start + k);
        return -Math.hypot(priors[at] - cx, priors[at + 1] - cy);
      });
      for (const k of topIndices(near, Math.min(this.topk, size))) candidates.push(start + k);
      start += size;
    }
    const overlaps = this.iou.overlaps(takeBoxes(squares, candidates), box);
    const n = overlaps.length;
    const mean = overlaps.reduce((sum, v) => sum + v, 0) / n;
    const deviation = Math.sqrt(overlaps.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
    const threshold = Math.fround(mean + deviation);
    return candidates.filter((i, k) => {
      const [x, y] = [priors[4 * i], priors[4 * i + 1]];
      return overlaps[k] > threshold && Math.min(x - x1, y - y1, x2 - x, y2 - y) > 1e-9;
    });
  }
}

export const batchATSSAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'BatchATSSAssigner',
  summary: 'ATSS on squares around points; the IoU of the predicted box is the target score',
  paper: 'Zhang et al., ATSS, CVPR 2020; Li et al., YOLOv6, 2022 (MMYOLO)',
  shapes:
    'points [T, 4], boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background; its target score',
  example: "{ type: 'BatchATSSAssigner', num_classes: 80, topk: 9 }",
  options,
  contract,
  build: ({ iou_calculator, topk }, context) =>
    new BatchATSSAssigner(topk, buildIouCalculator(iou_calculator, context)),
});
