// SimOTAAssigner: points in a ground-truth box or near its centre are its candidates; those of lowest cost (class and IoU)
// become positive, as many as its highest IoUs add up to (Ge et al., YOLOX, 2021).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

export const simOTAOptions = {
  center_radius: z
    .number()
    .default(2.5)
    .describe('Half the side of the square about the centre, in strides; points in it and in the box are preferred'),
  candidate_topk: z.number().int().positive().default(10).describe('Highest IoUs whose sum is the number of positives'),
  iou_weight: z.number().default(3).describe('Weight of the IoU cost'),
  cls_weight: z.number().default(1).describe('Weight of the classification cost'),
  iou_calculator: iouCalculatorOption,
};
const options = z.strictObject(simOTAOptions);
export type SimOTAOptions = Omit<z.output<typeof options>, 'iou_calculator'>;

/** Added to the cost of points that are in the box or near its centre, but not both. */
const OUTSIDE_COST = 100000;
const EPSILON = 1e-7;
/** As torch's binary cross entropy has it. */
export const limitedLog = (p: number) => Math.max(Math.log(p), -100);

const contract = {
  needs: { priors: 'points', predictions: ['scores', 'boxes'] },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

/** `maxOverlaps` of background, as in the reference. */
const NO_OVERLAP = -100000;

export class SimOTAAssigner implements Assigner {
  readonly needs: AssignerContract['needs'] = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: SimOTAOptions,
    private readonly iou: IouCalculator,
  ) {}

  /** What else the candidates (indices of priors) cost, and what is said of the positives in place of their IoU [candidates, K]. */
  protected compare(
    _input: AssignInput,
    _candidates: readonly number[],
  ): { costs?: Float32Array; qualities?: Float32Array } {
    return {};
  }

  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { scores, classes, boxes } = predictionsOf('SimOTAAssigner', input, contract.needs.predictions);
    const { center_radius: radius, iou_weight, cls_weight, candidate_topk } = this.options;
    const truths = instances.labels.length;
    const count = priors.length / 4;
    const none = unassigned(count, truths);
    if (truths === 0 || count === 0) return none;
    const candidates: number[] = [];
    const both: boolean[] = [];
    for (let i = 0; i < count; i++) {
      const [x, y, sx, sy] = [priors[4 * i], priors[4 * i + 1], priors[4 * i + 2], priors[4 * i + 3]];
      let any = false;
      const start = both.length;
      for (let g = 0; g < truths; g++) {
        const [x1, y1, x2, y2] = [
          instances.bboxes[4 * g],
          instances.bboxes[4 * g + 1],
          instances.bboxes[4 * g + 2],
          instances.bboxes[4 * g + 3],
        ];
        const inside = x > x1 && y > y1 && x < x2 && y < y2;
        const cx = (x1 + x2) / 2;
        const cy = (y1 + y2) / 2;
        const central = x > cx - radius * sx && y > cy - radius * sy && x < cx + radius * sx && y < cy + radius * sy;
        both.push(inside && central);
        any ||= inside || central;
      }
      if (any) candidates.push(i);
      else both.length = start;
    }
    if (candidates.length === 0) return none;
    const overlaps = this.iou.overlaps(takeBoxes(boxes, candidates), instances.bboxes);
    const { costs: further, qualities } = this.compare(input, candidates);
    const costs = new Float32Array(overlaps.length);
    for (const [k, i] of candidates.entries()) {
      // cross entropy against no class at all; the class of a ground-truth box then changes one term
      let background = 0;
      for (let c = 0; c < classes; c++) background -= limitedLog(1 - scores[i * classes + c]);
      for (let g = 0; g < truths; g++) {
        const at = k * truths + g;
        const score = scores[i * classes + instances.labels[g]];
        const cls = background + limitedLog(1 - score) - limitedLog(score);
        const iou = Math.log(overlaps[at] + EPSILON) * iou_weight;
        costs[at] = cls * cls_weight - iou + (further?.[at] ?? 0) + (both[at] ? 0 : OUTSIDE_COST);
      }
    }
    return dynamicKMatching(
      { priors: Int32Array.from(candidates), costs, overlaps, qualities, noOverlap: NO_OVERLAP },
      count,
      instances,
      candidate_topk,
    );
  }
}

export const simOTAAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'SimOTAAssigner',
  summary: 'Assigns ground-truth boxes to the points of lowest cost, as many as their highest IoUs add up to',
  paper: 'Ge et al., YOLOX, 2021',
  shapes:
    'points [T, 4], scores [T, C], boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'SimOTAAssigner', center_radius: 2.5 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new SimOTAAssigner(given, buildIouCalculator(iou_calculator, context)),
});
