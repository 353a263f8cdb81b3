// DynamicSoftLabelAssigner: SimOTA with soft class targets and a soft distance to the centre (Lyu et al., RTMDet, 2022).

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  soft_center_radius: z.number().default(3).describe('Distance from the centre, in strides, that costs 1'),
  topk: z.number().int().positive().default(13).describe('Best overlaps summed to the number of positives'),
  iou_weight: z.number().default(3).describe('Weight of the box cost'),
  iou_calculator: moduleOption('iou_calculator').default({ type: 'BboxOverlaps2D' }).describe('The overlap measure'),
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const EPSILON = 1e-7;
/** log(1 + e^x). */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const contract = {
  needs: { priors: 'points', predictions: ['logits', 'boxes'] },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

export class DynamicSoftLabelAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  /** Only priors inside a truth compete. */
  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { logits, classes, boxes } = predictionsOf('DynamicSoftLabelAssigner', input, contract.needs.predictions);
    const { soft_center_radius, iou_weight, topk } = this.options;
    const truths = instances.labels.length;
    const count = priors.length / 4;
    const none = unassigned(count, truths);
    if (truths === 0 || count === 0) return none;
    const found: number[] = [];
    for (let i = 0; i < count; i++)
      for (let g = 0; g < truths; g++) {
        const [x1, y1, x2, y2] = instances.bboxes.subarray(4 * g, 4 * g + 4);
        const [x, y] = [priors[4 * i], priors[4 * i + 1]];
        if (!(x > x1 && y > y1 && x < x2 && y < y2)) continue;
        found.push(i);
        break;
      }
    if (found.length === 0) return none;
    const overlaps = this.iou.overlaps(takeBoxes(boxes, found), instances.bboxes);
    const costs = new Float32Array(overlaps.length);
    for (const [k, i] of found.entries()) {
      // against no class at all; the own class of each truth then changes one term
      let against = 0;
      const term = (x: number, soft: number) => (softplus(x) - x * soft) * (soft - sigmoid(x)) ** 2;
      for (let c = 0; c < classes; c++) against += term(logits[i * classes + c], 0);
      for (let g = 0; g < truths; g++) {
        const at = k * truths + g;
        const own = logits[i * classes + instances.labels[g]];
        const [x1, y1, x2, y2] = instances.bboxes.subarray(4 * g, 4 * g + 4);
        const distance = Math.hypot(priors[4 * i] - (x1 + x2) / 2, priors[4 * i + 1] - (y1 + y2) / 2);
        const centre = 10 ** (distance / priors[4 * i + 2] - soft_center_radius);
        const cls = against - term(own, 0) + term(own, overlaps[at]);
        costs[at] = cls - Math.log(overlaps[at] + EPSILON) * iou_weight + centre;
      }
    }
    return dynamicKMatching({ priors: Int32Array.from(found), costs, overlaps }, count, instances, topk);
  }
}

export const dynamicSoftLabelAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'DynamicSoftLabelAssigner',
  summary: 'Assigns to each truth its cheapest predictions, by soft class scores, boxes and distance',
  paper: 'Lyu et al., RTMDet, 2022',
  shapes: 'priors or predictions [n, 4] and truths [k, 4] -> for each of the n: its truth, none, or left out',
  example: "{ type: 'DynamicSoftLabelAssigner', topk: 13 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, { registry, path }) =>
    new DynamicSoftLabelAssigner(
      given,
      registry.build('iou_calculator', iou_calculator, { path: `${path}.iou_calculator` }),
    ),
});
