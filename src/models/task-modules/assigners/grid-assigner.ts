// GridAssigner: positives of a ground-truth box are among the anchors of the grid cells that contain its centre: those whose
// IoU is high enough, and the best one (Redmon and Farhadi, YOLOv3, 2018).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, Instances, IouCalculator } from '../types';

const options = z.strictObject({
  pos_iou_thr: z.number().describe('IoU above which an anchor of the cell is positive'),
  neg_iou_thr: z
    .union([z.number(), z.tuple([z.number(), z.number()])])
    .describe('IoU up to which an anchor is background, or the range (low, high] of background'),
  min_pos_iou: z
    .number()
    .default(0)
    .describe('IoU that the best anchor of a ground-truth box must exceed to be positive'),
  gt_max_assign_all: z
    .boolean()
    .default(true)
    .describe('All anchors that tie for the best are positive, else the first'),
  iou_calculator: iouCalculatorOption,
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = { needs: { priors: 'cells' }, gives: ['maxOverlaps'] } as const satisfies AssignerContract;

export class GridAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  assign({ priors, strides, instances }: AssignInput): AssignResult {
    if (!strides)
      throw new DetLabError(
        'Cannot assign with GridAssigner: expected the stride of each prior, received none. Pass AssignInput.strides',
      );
    const { pos_iou_thr, neg_iou_thr, min_pos_iou, gt_max_assign_all } = this.options;
    const count = priors.length / 4;
    const truths = instances.labels.length;
    const labels = new Int32Array(count).fill(-1);
    const maxOverlaps = new Float32Array(count);
    if (truths === 0) return { numTruths: 0, assigned: new Int32Array(count), maxOverlaps, labels };
    const assigned = new Int32Array(count).fill(-1);
    const responsible = responsiblePriors(priors, strides, instances);
    const overlaps = this.iou.overlaps(instances.bboxes, priors); // [K, T]
    const [low, high] = (typeof neg_iou_thr === 'number' ? [-1, neg_iou_thr] : neg_iou_thr).map(Math.fround);
    for (let i = 0; i < count; i++) {
      let best = 0;
      for (let g = 1; g < truths; g++) if (overlaps[g * count + i] > overlaps[best * count + i]) best = g;
      const max = overlaps[best * count + i];
      if (max > low && max <= high) assigned[i] = 0;
      maxOverlaps[i] = responsible[i] ? max : -1;
      if (responsible[i] && max > Math.fround(pos_iou_thr)) assigned[i] = best + 1;
    }
    for (let g = 0; g < truths; g++) {
      let max = -1;
      for (let i = 0; i < count; i++) if (responsible[i]) max = Math.max(max, overlaps[g * count + i]);
      if (max <= min_pos_iou) continue;
      for (let i = 0; i < count; i++) {
        if (!responsible[i] || overlaps[g * count + i] !== max) continue;
        assigned[i] = g + 1;
        if (!gt_max_assign_all) break;
      }
    }
    for (let i = 0; i < count; i++) if (assigned[i] > 0) labels[i] = instances.labels[assigned[i] - 1];
    return { numTruths: truths, assigned, maxOverlaps, labels };
  }
}

/** 1 for the anchors of a grid cell that contains the centre of a ground-truth box. */
function responsiblePriors(priors: Float32Array, strides: ArrayLike<number>, { bboxes }: Instances): Uint8Array {
  const count = priors.length / 4;
  const flags = new Uint8Array(count);
  const cell = (boxes: Float32Array, at: number, stride: number) =>
    Math.floor(((boxes[at] + boxes[at + 2]) * 0.5) / stride);
  let stride = 0;
  /** Column and row of each box on the grid of `stride`. */
  let cells: [number, number][] = [];
  for (let i = 0; i < count; i++) {
    if (strides[i] !== stride) {
      stride = strides[i];
      cells = Array.from({ length: bboxes.length / 4 }, (_, g) => [
        cell(bboxes, 4 * g, stride),
        cell(bboxes, 4 * g + 1, stride),
      ]);
    }
    const column = cell(priors, 4 * i, stride);
    const row = cell(priors, 4 * i + 1, stride);
    if (cells.some(([x, y]) => x === column && y === row)) flags[i] = 1;
  }
  return flags;
}

export const gridAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'GridAssigner',
  summary: 'Assigns ground-truth boxes to anchors of the grid cells that contain their centres',
  paper: 'Redmon and Farhadi, YOLOv3, 2018',
  shapes:
    'anchors [T, 4], strides [T], ground truth [K, 4] -> for each of the T: index of its ground truth, background, or ignored',
  example: "{ type: 'GridAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new GridAssigner(given, buildIouCalculator(iou_calculator, context)),
});
