// PointAssigner: positives of a ground-truth box are the points nearest to its centre, in units of its size, on the feature
// level that fits its size (Yang et al., RepPoints, ICCV 2019). A point of several boxes goes to the nearest.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { topIndices } from '../../../ops/top-indices';
import type { Assigner, AssignerContract, AssignInput, AssignResult } from '../types';
import { unassigned } from './unassigned';

const options = z.strictObject({
  scale: z.number().positive().default(4).describe('Size of a box in strides of the level it is assigned to'),
  pos_num: z.number().int().positive().default(3).describe('Positives of each ground-truth box'),
});
type Options = z.output<typeof options>;
const f = Math.fround;
const log2 = (x: number) => f(Math.log2(x));

const contract = { needs: { priors: 'points' }, gives: [] } as const satisfies AssignerContract;

export class PointAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(private readonly options: Options) {}

  assign({ priors, instances: { bboxes, labels } }: AssignInput): AssignResult {
    const { scale, pos_num } = this.options;
    const count = priors.length / 4;
    const result = unassigned(count, labels.length);
    if (labels.length === 0 || count === 0) return result;
    const levels = Int32Array.from({ length: count }, (_, i) => log2(priors[4 * i + 2]));
    const [coarsest, finest] = [Math.max(...new Set(levels)), Math.min(...new Set(levels))];
    const distances = new Float32Array(count).fill(Number.POSITIVE_INFINITY);
    for (const [g, label] of labels.entries()) {
      const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
      const [x, y] = [f(x1 + x2) / 2, f(y1 + y2) / 2];
      const [w, h] = [x2 - x1, y2 - y1].map((side) => Math.max(f(side), f(1e-6)));
      const ideal = Math.trunc(f(log2(f(w / scale)) + log2(f(h / scale))) / 2);
      const level = Math.min(Math.max(ideal, finest), coarsest);
      const points = Int32Array.from(levels.keys()).filter((i) => levels[i] === level);
      const far = Float32Array.from(points, (i) =>
        Math.hypot(f(f(priors[4 * i] - x) / w), f(f(priors[4 * i + 1] - y) / h)),
      );
      for (const k of topIndices(
        far.map((d) => -d),
        Math.min(pos_num, points.length),
      )) {
        const i = points[k];
        if (far[k] >= distances[i]) continue;
        distances[i] = far[k];
        result.assigned[i] = g + 1;
        result.labels[i] = label;
      }
    }
    return result;
  }
}

export const pointAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'PointAssigner',
  summary: 'Assigns ground-truth boxes to the points nearest to their centres, on the level of their size',
  paper: 'Yang et al., RepPoints, ICCV 2019',
  shapes: 'points [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'PointAssigner', scale: 4, pos_num: 3 }",
  options,
  contract,
  build: (given) => new PointAssigner(given),
});
