// SimOTAAssigner: priors in or near a truth compete for it by the cost of their class scores and boxes (Ge et al., YOLOX).

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  center_radius: z.number().default(2.5).describe('Priors within this many strides of the centre are preferred'),
  candidate_topk: z.number().int().positive().default(10).describe('Best overlaps summed to the number of positives'),
  iou_weight: z.number().default(3).describe('Weight of the box cost'),
  cls_weight: z.number().default(1).describe('Weight of the class cost'),
  iou_calculator: moduleOption('iou_calculator').default({ type: 'BboxOverlaps2D' }).describe('The overlap measure'),
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

/** What a prior costs that lies in a truth or near its centre, but not both. */
const OUTSIDE = 100000;
const EPSILON = 1e-7;
const log = (p: number) => Math.max(Math.log(p), -100);

const contract = {
  needs: { priors: 'points', predictions: ['scores', 'boxes'] },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

export class SimOTAAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { scores, classes, boxes } = predictionsOf('SimOTAAssigner', input, contract.needs.predictions);
    const { center_radius: radius, iou_weight, cls_weight, candidate_topk } = this.options;
    const truths = instances.labels.length;
    const count = priors.length / 4;
    const none = unassigned(count, truths);
    if (truths === 0 || count === 0) return none;
    const found: number[] = [];
    const both: boolean[] = [];
    for (let i = 0; i < count; i++) {
      const [x, y, sx, sy] = priors.subarray(4 * i, 4 * i + 4);
      let any = false;
      const start = both.length;
      for (let g = 0; g < truths; g++) {
        const [x1, y1, x2, y2] = instances.bboxes.subarray(4 * g, 4 * g + 4);
        const inside = x > x1 && y > y1 && x < x2 && y < y2;
        const cx = (x1 + x2) / 2;
        const cy = (y1 + y2) / 2;
        const central = x > cx - radius * sx && y > cy - radius * sy && x < cx + radius * sx && y < cy + radius * sy;
        both.push(inside && central);
        any ||= inside || central;
      }
      if (any) found.push(i);
      else both.length = start;
    }
    if (found.length === 0) return none;
    const overlaps = this.iou.overlaps(takeBoxes(boxes, found), instances.bboxes);
    const costs = new Float32Array(overlaps.length);
    for (const [k, i] of found.entries()) {
      // cross entropy against each truth's class: that against none, plus what the own class changes
      let against = 0;
      for (let c = 0; c < classes; c++) against -= log(1 - scores[i * classes + c]);
      for (let g = 0; g < truths; g++) {
        const at = k * truths + g;
        const own = scores[i * classes + instances.labels[g]];
        const cls = against + log(1 - own) - log(own);
        costs[at] = cls * cls_weight - Math.log(overlaps[at] + EPSILON) * iou_weight + (both[at] ? 0 : OUTSIDE);
      }
    }
    return dynamicKMatching({ priors: Int32Array.from(found), costs, overlaps }, count, instances, candidate_topk);
  }
}

export const simOTAAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'SimOTAAssigner',
  summary: 'Assigns to each truth its cheapest predictions, as many as its best overlaps add up to',
  paper: 'Ge et al., YOLOX, 2021',
  shapes: 'priors or predictions [n, 4] and truths [k, 4] -> for each of the n: its truth, none, or left out',
  example: "{ type: 'SimOTAAssigner', center_radius: 2.5 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, { registry, path }) =>
    new SimOTAAssigner(given, registry.build('iou_calculator', iou_calculator, { path: `${path}.iou_calculator` })),
});
