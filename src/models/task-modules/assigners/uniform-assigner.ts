// UniformAssigner: every ground-truth box gets the same number of priors, those nearest to it and those whose predicted boxes are,
// however large it is (Chen et al., YOLOF, CVPR 2021). Ignore regions are not read, as in the reference.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { topIndices } from '../../../ops/top-indices';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  pos_ignore_thr: z.number().describe('Priors below this IoU with their ground-truth box are ignored instead'),
  neg_ignore_thr: z
    .number()
    .describe('Priors whose predicted box has a larger IoU with any ground-truth box are no background'),
  match_times: z
    .int()
    .positive()
    .default(4)
    .describe('Nearest priors of each ground-truth box, and as many nearest predictions'),
  iou_calculator: iouCalculatorOption,
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = {
  needs: { priors: 'boxes', predictions: ['boxes'] },
  gives: ['maxOverlaps', 'boxPairs'],
} as const satisfies AssignerContract;
const f = Math.fround;

export class UniformAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { bboxes, labels } = instances;
    const { boxes = new Float32Array(0) } = predictionsOf('UniformAssigner', input, contract.needs.predictions);
    const { match_times: times, pos_ignore_thr, neg_ignore_thr } = this.options;
    const count = priors.length / 4;
    const truths = labels.length;
    const result = unassigned(count, truths);
    if (truths === 0 || count === 0) return { ...result, boxPairs: new Int32Array(0) };
    const { assigned, maxOverlaps } = result;
    const ofPredictions = this.iou.overlaps(boxes, bboxes); // [T, G]
    const ofPriors = this.iou.overlaps(priors, bboxes);
    for (const [k, overlap] of ofPredictions.entries())
      if (overlap > f(neg_ignore_thr)) assigned[Math.floor(k / truths)] = -1;
    const nearest = Array.from(labels, (_, g) => [boxes, priors].map((all) => nearestBoxes(all, bboxes, g, times)));
    const pairs: number[] = [];
    // of several ground-truth boxes the last is kept, in the reference's order: by distance first
    for (let k = 0; k < Math.min(times, count); k++)
      for (const source of [0, 1])
        for (let g = 0; g < truths; g++) {
          const prior = nearest[g][source][k];
          const isPositive = ofPriors[prior * truths + g] >= f(pos_ignore_thr);
          assigned[prior] = isPositive ? g + 1 : -1;
          if (isPositive) pairs.push(prior, g);
        }
    for (const [i, g] of assigned.entries()) {
      if (g <= 0) continue;
      result.labels[i] = labels[g - 1];
      maxOverlaps[i] = ofPriors[i * truths + g - 1];
    }
    return { ...result, boxPairs: Int32Array.from(pairs) };
  }
}

/** Indices of the `count` boxes with the smallest sum of differences in center and size from ground truth `g`. */
function nearestBoxes(all: Float32Array, bboxes: Float32Array, g: number, count: number): Int32Array {
  const middle = (boxes: Float32Array, at: number) => f(f(boxes[at] + boxes[at + 2]) / 2);
  const side = (boxes: Float32Array, at: number) => f(boxes[at + 2] - boxes[at]);
  const closeness = new Float32Array(all.length / 4);
  for (let i = 0; i < closeness.length; i++) {
    let distance = 0;
    for (const measure of [middle, side])
      for (const axis of [0, 1])
        distance = f(distance + Math.abs(f(measure(all, 4 * i + axis) - measure(bboxes, 4 * g + axis))));
    closeness[i] = -distance;
  }
  return topIndices(closeness, Math.min(count, closeness.length));
}

export const uniformAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'UniformAssigner',
  summary: 'Assigns each ground-truth box to the same number of nearest anchors and nearest predicted boxes',
  paper: 'Chen et al., You Only Look One-level Feature, CVPR 2021',
  shapes:
    'anchors [T, 4], predictions [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, background or ignored',
  example: "{ type: 'UniformAssigner', pos_ignore_thr: 0.15, neg_ignore_thr: 0.7 }",
  options,
  contract,
  build: ({ iou_calculator, ...rest }, context) =>
    new UniformAssigner(rest, buildIouCalculator(iou_calculator, context)),
});
