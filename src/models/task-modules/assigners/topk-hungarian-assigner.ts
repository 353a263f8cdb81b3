// TopkHungarianAssigner: `topk` predictions for every ground-truth box, at the minimum sum of three match costs (Zhang et al., DDQ,
// CVPR 2023). As in the reference, the classification cost reads probabilities as if they were logits.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { linearAssignment } from '../../../geometry/linear-assignment';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { MatchCost } from '../match-costs/match-cost';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const cost = moduleOption('match_cost');
const options = z.strictObject({
  topk: z.int().positive().describe('Predictions of a ground-truth box; fewer where there are too few'),
  iou_calculator: iouCalculatorOption,
  cls_cost: cost.default({ type: 'FocalLossCost', weight: 2 }).describe('Cost of the class'),
  reg_cost: cost.default({ type: 'BBoxL1Cost', weight: 5 }).describe('Cost of the coordinates'),
  iou_cost: cost.default({ type: 'IoUCost', iou_mode: 'giou', weight: 2 }).describe('Cost of the overlap'),
});

const contract = {
  needs: { predictions: ['scores', 'boxes'] },
  gives: ['maxOverlaps', 'metrics'],
} as const satisfies AssignerContract;

export class TopkHungarianAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly topk: number,
    private readonly costs: readonly MatchCost[],
    private readonly iou: IouCalculator,
  ) {}

  assign(input: AssignInput): AssignResult & { metrics: Float32Array } {
    const { instances, imgShape, alignment: { alpha, beta } = { alpha: 1, beta: 6 } } = input;
    const predictions = predictionsOf('TopkHungarianAssigner', input, contract.needs.predictions);
    const { count: n, classes, scores, boxes } = predictions;
    const m = instances.labels.length;
    const result = { ...unassigned(n, m), metrics: new Float32Array(n) };
    if (n === 0 || m === 0) return result;
    const times = Math.max(1, Math.min(this.topk, Math.floor(n / m)));
    const total = new Float32Array(n * m);
    for (const part of this.costs) {
      const values = part.cost({ ...predictions, logits: scores }, instances, imgShape);
      for (let i = 0; i < total.length; i++) total[i] += values[i];
    }
    const repeated = Float32Array.from({ length: n * m * times }, (_, k) => total[Math.floor(k / times)]);
    const { rows, columns } = linearAssignment(repeated, n, m * times);
    for (const [k, row] of rows.entries()) {
      const truth = Math.floor(columns[k] / times);
      const label = instances.labels[truth];
      const [overlap] = this.iou.overlaps(takeBoxes(boxes, [row]), takeBoxes(instances.bboxes, [truth]));
      result.assigned[row] = truth + 1;
      result.labels[row] = label;
      result.maxOverlaps[row] = overlap;
      result.metrics[row] = scores[row * classes + label] ** alpha * overlap ** beta;
    }
    return result;
  }
}

export const topkHungarianAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'TopkHungarianAssigner',
  summary: 'Matches several predictions with every ground-truth box, at the minimum total cost',
  paper: 'Zhang et al., Dense Distinct Query for End-to-End Object Detection, CVPR 2023',
  shapes: 'scores [n, C], boxes [n, 4], ground truth [K, 4] -> topk predictions of each; all others are background',
  example: "{ type: 'TopkHungarianAssigner', topk: 4 }",
  options,
  contract,
  build: ({ topk, iou_calculator, cls_cost, reg_cost, iou_cost }, context) => {
    const { registry, path } = context;
    const build = (config: typeof cls_cost, name: string) =>
      registry.build('match_cost', config, { path: `${path}.${name}` });
    const costs = [build(cls_cost, 'cls_cost'), build(reg_cost, 'reg_cost'), build(iou_cost, 'iou_cost')];
    return new TopkHungarianAssigner(topk, costs, buildIouCalculator(iou_calculator, context));
  },
});
