// HungarianAssigner: one prediction for every ground-truth box, at the minimum sum of match costs (Carion et al., DETR,
// ECCV 2020).

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { linearAssignment } from '../../../geometry/linear-assignment';
import type { MatchCost } from '../match-costs/match-cost';
import type { Assigner, AssignInput, AssignResult, PredictionPart } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const cost = moduleOption('match_cost');
const options = z.strictObject({
  match_costs: z
    .union([z.array(cost).min(1, 'expected at least one cost'), cost])
    .describe('Costs of a (prediction, ground truth) pair, summed'),
});

export class HungarianAssigner implements Assigner {
  readonly needs: { predictions: readonly PredictionPart[] };
  readonly gives = [];

  constructor(private readonly costs: readonly MatchCost[]) {
    this.needs = { predictions: [...new Set(costs.flatMap(({ needs }) => needs))] };
  }

  assign(input: AssignInput): AssignResult {
    const { instances, imgShape } = input;
    const predictions = predictionsOf('HungarianAssigner', input, this.needs.predictions);
    const [n, m] = [predictions.count, instances.labels.length];
    const result = unassigned(n, m);
    if (n === 0 || m === 0) return result;
    const total = new Float32Array(n * m); // [predictions, truths]
    for (const part of this.costs) {
      const values = part.cost(predictions, instances, imgShape);
      for (let i = 0; i < total.length; i++) total[i] += values[i];
    }
    const { rows, columns } = linearAssignment(total, n, m);
    for (const [k, row] of rows.entries()) {
      result.assigned[row] = columns[k] + 1;
      result.labels[row] = instances.labels[columns[k]];
    }
    return result;
  }
}

export const hungarianAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'HungarianAssigner',
  summary: 'Matches predictions to ground truth one to one, at the minimum total cost',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'predictions of n queries, ground truth [K, 4] -> min(n, K) pairs; all other queries are background',
  example:
    "{ type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost' }, { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' }] }",
  options,
  contract: { needs: { predictions: ['logits', 'boxes'] }, gives: [] },
  build: ({ match_costs }, { registry, path }) =>
    new HungarianAssigner(
      [match_costs]
        .flat()
        .map((config, i) => registry.build('match_cost', config, { path: `${path}.match_costs.${i}` })),
    ),
});
