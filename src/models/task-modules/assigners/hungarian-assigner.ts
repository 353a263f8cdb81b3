// HungarianAssigner: one prediction for every truth, such that the sum of the match costs is least (Carion et al., DETR,
// ECCV 2020).

import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import type { MatchCost, MatchPredictions, MatchTruths } from '../match-costs/match-cost';
import type { AssignResult } from '../types';
import { linearAssignment } from './linear-assignment';

const cost = moduleOption('match_cost');
const options = z.strictObject({
  match_costs: z
    .union([z.array(cost).min(1, 'expected at least one cost'), cost])
    .describe('What a pair of prediction and truth costs: the sum of these'),
});

export class HungarianAssigner {
  private readonly costs: MatchCost[];

  constructor({ match_costs }: z.output<typeof options>, { registry, path }: Pick<BuildContext, 'registry' | 'path'>) {
    this.costs = [match_costs]
      .flat()
      .map((config, i) => registry.build<MatchCost>('match_cost', config, { path: `${path}.match_costs.${i}` }));
  }

  /** `imgShape` is [height, width]. */
  assign(predictions: MatchPredictions, truths: MatchTruths, imgShape: [number, number]): AssignResult {
    const [n, m] = [predictions.count, truths.labels.length];
    const assigned = new Int32Array(n).fill(m === 0 ? 0 : -1);
    const result = { numTruths: m, assigned, maxOverlaps: new Float32Array(n), labels: new Int32Array(n).fill(-1) };
    if (n === 0 || m === 0) return result;
    const total = new Float32Array(n * m);
    for (const part of this.costs) {
      const values = part.cost(predictions, truths, imgShape);
      for (let i = 0; i < total.length; i++) total[i] += values[i];
    }
    assigned.fill(0);
    const { rows, columns } = linearAssignment(total, n, m);
    for (const [k, row] of rows.entries()) {
      assigned[row] = columns[k] + 1;
      result.labels[row] = truths.labels[columns[k]];
    }
    return result;
  }
}

export const hungarianAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'HungarianAssigner',
  summary: 'One prediction for every truth, at the least total cost',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'predictions [n, 4] and truths [k, 4] -> pairs: every truth gets one prediction of its own',
  example:
    "{ type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost' }, { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' }] }",
  options,
  build: (given, context) => new HungarianAssigner(given, context),
});
