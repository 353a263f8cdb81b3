// DynamicSoftLabelAssigner: SimOTA whose class cost has the IoU as a soft target, and a soft cost of the distance from the
// centre instead of a fixed radius (Lyu et al., RTMDet, 2022). The centre of an object with a mask is that of the mask.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { rleMoments, toRles } from '../../../masks';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, Instances, IouCalculator } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  soft_center_radius: z.number().default(3).describe('Distance from the centre, in strides, at which its cost is 1'),
  topk: z.number().int().positive().default(13).describe('Highest IoUs whose sum is the number of positives'),
  iou_weight: z.number().default(3).describe('Weight of the IoU cost'),
  iou_calculator: iouCalculatorOption,
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

/** `maxOverlaps` of background, as in the reference. */
const NO_OVERLAP = -100000000;

export class DynamicSoftLabelAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  /** Candidates are the points in a ground-truth box. */
  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { logits, classes, boxes } = predictionsOf('DynamicSoftLabelAssigner', input, contract.needs.predictions);
    const { soft_center_radius, iou_weight, topk } = this.options;
    const truths = instances.labels.length;
    const count = priors.length / 4;
    const none = unassigned(count, truths);
    if (truths === 0 || count === 0) return none;
    const candidates: number[] = [];
    for (let i = 0; i < count; i++)
      for (let g = 0; g < truths; g++) {
        const [x1, y1, x2, y2] = [
          instances.bboxes[4 * g],
          instances.bboxes[4 * g + 1],
          instances.bboxes[4 * g + 2],
          instances.bboxes[4 * g + 3],
        ];
        const [x, y] = [priors[4 * i], priors[4 * i + 1]];
        if (!(x > x1 && y > y1 && x < x2 && y < y2)) continue;
        candidates.push(i);
        break;
      }
    if (candidates.length === 0) return none;
    const overlaps = this.iou.overlaps(takeBoxes(boxes, candidates), instances.bboxes);
    const costs = new Float32Array(overlaps.length);
    const centers = centersOf(instances);
    for (const [k, i] of candidates.entries()) {
      // loss against no class at all; the class of a ground-truth box then changes one term
      let background = 0;
      const term = (x: number, soft: number) => (softplus(x) - x * soft) * (soft - sigmoid(x)) ** 2;
      for (let c = 0; c < classes; c++) background += term(logits[i * classes + c], 0);
      for (let g = 0; g < truths; g++) {
        const at = k * truths + g;
        const logit = logits[i * classes + instances.labels[g]];
        const distance = Math.hypot(priors[4 * i] - centers[2 * g], priors[4 * i + 1] - centers[2 * g + 1]);
        const center = 10 ** (distance / priors[4 * i + 2] - soft_center_radius);
        const cls = background - term(logit, 0) + term(logit, overlaps[at]);
        costs[at] = cls - Math.log(overlaps[at] + EPSILON) * iou_weight + center;
      }
    }
    return dynamicKMatching(
      { priors: Int32Array.from(candidates), costs, overlaps, noOverlap: NO_OVERLAP },
      count,
      instances,
      topk,
    );
  }
}

/** Of the ground truth [K, 2]: the centroid of its mask where it has one, else the center of its box. */
function centersOf({ bboxes, masks }: Instances): Float32Array {
  const centers = new Float32Array(bboxes.length / 2);
  for (let at = 0; at < centers.length; at++) {
    const low = 4 * (at >> 1) + (at & 1);
    centers[at] = (bboxes[low] + bboxes[low + 2]) / 2;
  }
  for (const [g, mask] of (masks ? toRles(masks) : []).entries()) {
    const { area, sumX, sumY } = rleMoments(mask);
    if (area > 0) centers.set([sumX / area, sumY / area], 2 * g);
  }
  return centers;
}

export const dynamicSoftLabelAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'DynamicSoftLabelAssigner',
  summary:
    'Assigns ground-truth boxes to the points of lowest cost: soft class scores, IoU and distance from the centre',
  paper: 'Lyu et al., RTMDet, 2022',
  shapes:
    'points [T, 4], logits [T, C], boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'DynamicSoftLabelAssigner', topk: 13 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new DynamicSoftLabelAssigner(given, buildIouCalculator(iou_calculator, context)),
});
