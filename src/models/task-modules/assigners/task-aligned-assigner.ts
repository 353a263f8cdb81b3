// TaskAlignedAssigner: positives of a ground-truth box are the `topk` anchors with the highest alignment
// score^alpha * IoU^beta, if their centre is in the box; an anchor of several boxes goes to the one of highest IoU
// (Feng et al., TOOD, ICCV 2021).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  topk: z
    .number()
    .int()
    .positive()
    .describe('Anchors of highest alignment that may become positives of a ground-truth box'),
  iou_calculator: iouCalculatorOption,
});

/** `maxOverlaps` of background, as in the reference. */
const NO_OVERLAP = -100000000;

const contract = {
  needs: { priors: 'boxes', predictions: ['scores', 'boxes'] },
  gives: ['maxOverlaps', 'metrics'],
} as const satisfies AssignerContract;

export class TaskAlignedAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly topk: number,
    private readonly iou: IouCalculator,
  ) {}

  assign(input: AssignInput): AssignResult & { metrics: Float32Array } {
    const { priors, instances, alignment: { alpha, beta } = { alpha: 1, beta: 6 } } = input;
    const { bboxes, labels } = instances;
    const { scores, classes, boxes } = predictionsOf('TaskAlignedAssigner', input, contract.needs.predictions);
    const count = priors.length / 4;
    const result = { ...unassigned(count, labels.length), metrics: new Float32Array(count) };
    if (labels.length === 0) return result;
    result.maxOverlaps.fill(NO_OVERLAP);
    for (const [g, label] of labels.entries()) {
      const box = takeBoxes(bboxes, [g]);
      const overlaps = this.iou.overlaps(boxes, box); // [anchors, 1]
      const metrics = overlaps.map((overlap, i) => scores[i * classes + label] ** alpha * overlap ** beta);
      for (const i of topIndices(metrics, Math.min(this.topk, count))) {
        const [x, y] = [0, 1].map((axis) => (priors[4 * i + axis] + priors[4 * i + axis + 2]) / 2);
        const inside = Math.min(x - box[0], y - box[1], box[2] - x, box[3] - y) > 0.01;
        if (!inside || metrics[i] <= 0 || overlaps[i] <= result.maxOverlaps[i]) continue;
        result.assigned[i] = g + 1;
        result.labels[i] = label;
        result.maxOverlaps[i] = overlaps[i];
        result.metrics[i] = metrics[i];
      }
    }
    return result;
  }
}

export const taskAlignedAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'TaskAlignedAssigner',
  summary: 'Assigns ground-truth boxes to the anchors with the highest score and IoU',
  paper: 'Feng et al., TOOD, ICCV 2021',
  shapes:
    'anchors [T, 4], scores [T, C], boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'TaskAlignedAssigner', topk: 13 }",
  options,
  contract,
  build: ({ topk, iou_calculator }, context) =>
    new TaskAlignedAssigner(topk, buildIouCalculator(iou_calculator, context)),
});
