// MMYOLO's BatchDynamicSoftLabelAssigner: that of RTMDet (dynamic-soft-label-assigner.ts), but the class cost is that of the
// box's class alone, and the number of positives follows from the IoUs of all points, in a box or not. Image by image here:
// where images have different numbers of boxes, MMYOLO fills them up with empty ones, which may win a point. Boxes are upright, or
// rotated where the IoU calculator compares such; in a rotated box is a point that is 0.01 pixels away from its sides, as in MMYOLO.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { ROTATED } from '../../../geometry/rotated-boxes';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, Instances, IouCalculator } from '../types';
import { dynamicKMatching } from './dynamic-k-matching';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  num_classes: ignoredOption('the classes are those of the scores', {
    schema: z.int().positive().optional(),
    harmless: anyValue,
  }),
  soft_center_radius: z.number().default(3).describe('Distance from the center, in strides, at which its cost is 1'),
  topk: z.int().positive().default(13).describe('Highest IoUs whose sum is the number of positives'),
  iou_weight: z.number().default(3).describe('Weight of the IoU cost'),
  iou_calculator: iouCalculatorOption,
  batch_iou: ignoredOption('IoUs are the same for one image or several at once', {
    schema: z.boolean().default(true),
    harmless: anyValue,
  }),
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = {
  needs: { priors: 'points', predictions: ['logits', 'boxes'], rotated: 'optional' },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

const EPSILON = 1e-7;
/** Cost of points outside of all boxes. */
const OUTSIDE = 100000000;
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export class BatchDynamicSoftLabelAssigner implements Assigner {
  readonly needs: AssignerContract['needs'];
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {
    this.needs = { ...contract.needs, rotated: iou.rotated ?? false };
  }

  assign(input: AssignInput): AssignResult {
    const { priors, instances } = input;
    const { logits, classes, boxes } = predictionsOf(
      'BatchDynamicSoftLabelAssigner',
      input,
      contract.needs.predictions,
    );
    const { soft_center_radius, iou_weight, topk } = this.options;
    const { labels } = instances;
    const places = this.iou.rotated ? rotatedPlaces(instances) : uprightPlaces(instances);
    const truths = labels.length;
    const count = priors.length / 4;
    if (truths === 0 || count === 0) return unassigned(count, truths);
    const overlaps = this.iou.overlaps(boxes, places.boxes); // [T, K]
    const costs = new Float32Array(count * truths).fill(OUTSIDE);
    for (let i = 0; i < count; i++) {
      const [x, y, stride] = [priors[4 * i], priors[4 * i + 1], priors[4 * i + 2]];
      if (!labels.some((_, g) => places.holds(g, x, y))) continue;
      for (let g = 0; g < truths; g++) {
        const at = i * truths + g;
        const [centerX, centerY] = places.center(g);
        const [dx, dy] = [x - centerX, y - centerY];
        const center = 10 ** (Math.hypot(dx, dy) / stride - soft_center_radius);
        const logit = logits[i * classes + labels[g]];
        const soft = overlaps[at];
        const cls = (softplus(logit) - logit * soft) * (soft - sigmoid(logit)) ** 2;
        costs[at] = cls - Math.log(soft + EPSILON) * iou_weight + center;
      }
    }
    const all = Int32Array.from({ length: count }, (_, i) => i);
    return dynamicKMatching({ priors: all, costs, overlaps, noOverlap: 0 }, count, instances, topk);
  }
}

/** Where ground-truth boxes are. */
interface Places {
  /** What predicted boxes are compared with. */
  boxes: Float32Array;
  holds(truth: number, x: number, y: number): boolean;
  center(truth: number): readonly [number, number];
}

const uprightPlaces = ({ bboxes }: Instances): Places => ({
  boxes: bboxes,
  holds: (g, x, y) => x > bboxes[4 * g] && y > bboxes[4 * g + 1] && x < bboxes[4 * g + 2] && y < bboxes[4 * g + 3],
  center: (g) => [(bboxes[4 * g] + bboxes[4 * g + 2]) / 2, (bboxes[4 * g + 1] + bboxes[4 * g + 3]) / 2],
});

/** Of a point in a rotated box: its distance from the sides, at least. */
const MARGIN = 0.01;

/** @throws DetLabError for ground truth without rotated boxes */
function rotatedPlaces({ rboxes }: Instances): Places {
  if (!rboxes)
    throw new DetLabError(
      'Cannot assign with BatchDynamicSoftLabelAssigner: expected rotated boxes of the ground truth',
    );
  const boxes = Array.from({ length: rboxes.length / ROTATED }, (_, g) => {
    const [x, y, w, h, angle] = rboxes.subarray(ROTATED * g, ROTATED * (g + 1));
    return { x, y, halfWidth: w / 2 - MARGIN, halfHeight: h / 2 - MARGIN, cos: Math.cos(angle), sin: Math.sin(angle) };
  });
  return {
    boxes: rboxes,
    holds: (g, x, y) => {
      const { cos, sin, ...box } = boxes[g];
      const [dx, dy] = [x - box.x, y - box.y];
      return Math.abs(dx * cos + dy * sin) <= box.halfWidth && Math.abs(dy * cos - dx * sin) <= box.halfHeight;
    },
    center: (g) => [boxes[g].x, boxes[g].y],
  };
}

export const batchDynamicSoftLabelAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'BatchDynamicSoftLabelAssigner',
  summary: "MMYOLO's DynamicSoftLabelAssigner: the class cost is that of the box's class alone",
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes:
    'points [T, 4], logits [T, C], boxes [T, 4] or [T, 5], ground truth [K, 4] or [K, 5] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'BatchDynamicSoftLabelAssigner', num_classes: 80, topk: 13 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new BatchDynamicSoftLabelAssigner(given, buildIouCalculator(iou_calculator, context, { rotated: true })),
});
