// TaskAlignedAssigner: each truth takes the anchors whose class score and overlap together are best, if their centre lies in
// it; of truths that want the same anchor, the one it overlaps most gets it (Feng et al., TOOD, ICCV 2021).

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  topk: z.number().int().positive().describe('Anchors each truth takes'),
  iou_calculator: moduleOption('iou_calculator').default({ type: 'BboxOverlaps2D' }).describe('The overlap measure'),
});

/** What `maxOverlaps` holds for anchors without a truth. */
const NONE = -100000000;

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
    result.maxOverlaps.fill(NONE);
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
  summary: 'Assigns to each truth the anchors that are best in class score and overlap together',
  paper: 'Feng et al., TOOD, ICCV 2021',
  shapes: 'boxes [n, 4], scores [n, classes] and truths [k, 4] -> for each of the n: its truth or none',
  example: "{ type: 'TaskAlignedAssigner', topk: 13 }",
  options,
  contract,
  build: ({ topk, iou_calculator }, { registry, path }) =>
    new TaskAlignedAssigner(topk, registry.build('iou_calculator', iou_calculator, { path: `${path}.iou_calculator` })),
});
