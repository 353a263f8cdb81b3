// MMYOLO's BatchTaskAlignedAssigner: positives of a ground-truth box are the `topk` points in it with the highest alignment
// score^alpha * IoU^beta; their alignment, scaled so that its maximum over the box is the best IoU, is the target score
// (Feng et al., TOOD, ICCV 2021). Image by image here.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { topIndices } from '../../../ops/top-indices';
import type { Assigner, AssignerContract, AssignInput, AssignResult } from '../types';
import { predictionsOf } from './predictions-of';
import { unassigned } from './unassigned';

const options = z.strictObject({
  num_classes: ignoredOption('the classes are those of the scores', {
    schema: z.number().int().positive().optional(),
    harmless: anyValue,
  }),
  topk: z.number().int().positive().default(13).describe('Positives of each ground-truth box'),
  alpha: z.number().default(1).describe('Exponent of the class score'),
  beta: z.number().default(6).describe('Exponent of the IoU'),
  eps: z.number().default(1e-7).describe('Added to the denominator of the scaling'),
  use_ciou: z.boolean().default(false).describe('Use CIoU instead of IoU'),
});
type Options = z.output<typeof options>;

const contract = {
  needs: { priors: 'points', predictions: ['scores', 'boxes'] },
  gives: ['maxOverlaps', 'metrics', 'scores'],
} as const satisfies AssignerContract;

export class BatchTaskAlignedAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(private readonly options: Options) {}

  assign(input: AssignInput): AssignResult & { metrics: Float32Array; scores: Float32Array } {
    const { priors, instances } = input;
    const { bboxes, labels } = instances;
    const { scores, classes, boxes } = predictionsOf('BatchTaskAlignedAssigner', input, contract.needs.predictions);
    const { topk, alpha, beta, eps } = this.options;
    const count = priors.length / 4;
    const overlap = (g: number, i: number) =>
      this.options.use_ciou ? Math.max(completeIoU(boxes, i, bboxes, g), 0) : plainIoU(bboxes, g, boxes, i);
    /** Ground-truth boxes that selected each prior. */
    const selectors = new Map<number, number[]>();
    for (let g = 0; g < labels.length; g++) {
      const [x1, y1, x2, y2] = [bboxes[4 * g], bboxes[4 * g + 1], bboxes[4 * g + 2], bboxes[4 * g + 3]];
      if (!(x1 + y1 + x2 + y2 > 0)) continue; // padding, to the reference
      const inside: number[] = [];
      for (let i = 0; i < count; i++) {
        const [x, y] = [priors[4 * i], priors[4 * i + 1]];
        if (Math.min(x - x1, y - y1, x2 - x, y2 - y) > 1e-9) inside.push(i);
      }
      const metrics = Float32Array.from(
        inside,
        (i) => scores[i * classes + labels[g]] ** alpha * overlap(g, i) ** beta,
      );
      for (const k of topIndices(metrics, topk)) {
        const list = selectors.get(inside[k]);
        if (list) list.push(g);
        else selectors.set(inside[k], [g]);
      }
    }
    const positive = Int32Array.from(selectors.keys()).sort();
    const truth = positive.map((i) => {
      const list = selectors.get(i)!;
      if (list.length === 1) return list[0];
      // selected by several: the box of highest IoU among all, whether or not it selected the prior
      let best = 0;
      for (let g = 1; g < labels.length; g++) if (overlap(g, i) > overlap(best, i)) best = g;
      return best;
    });
    const overlaps = Float32Array.from(positive, (i, k) => overlap(truth[k], i));
    const metrics = Float32Array.from(
      positive,
      (i, k) => scores[i * classes + labels[truth[k]]] ** alpha * overlaps[k] ** beta,
    );
    const best = new Float32Array(labels.length);
    const closest = new Float32Array(labels.length);
    for (let k = 0; k < positive.length; k++) {
      best[truth[k]] = Math.max(best[truth[k]], metrics[k]);
      closest[truth[k]] = Math.max(closest[truth[k]], overlaps[k]);
    }
    const result = {
      ...unassigned(count, labels.length),
      metrics: new Float32Array(count),
      scores: new Float32Array(count),
    };
    for (const [k, i] of positive.entries()) {
      result.assigned[i] = truth[k] + 1;
      result.labels[i] = labels[truth[k]];
      result.maxOverlaps[i] = overlaps[k];
      result.metrics[i] = metrics[k];
      result.scores[i] = (metrics[k] * closest[truth[k]]) / (best[truth[k]] + eps);
    }
    return result;
  }
}

function overlapOf(a: Float32Array, i: number, b: Float32Array, j: number): [number, number, number, number, number] {
  const [ax1, ay1, ax2, ay2] = [a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]];
  const [bx1, by1, bx2, by2] = [b[4 * j], b[4 * j + 1], b[4 * j + 2], b[4 * j + 3]];
  const w = Math.max(Math.min(ax2, bx2) - Math.max(ax1, bx1), 0);
  const h = Math.max(Math.min(ay2, by2) - Math.max(ay1, by1), 0);
  return [w * h, ax2 - ax1, ay2 - ay1, bx2 - bx1, by2 - by1];
}

/** IoU of one box of each list. */
export function plainIoU(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const [both, aw, ah, bw, bh] = overlapOf(a, i, b, j);
  return both / (Math.max(aw, 0) * Math.max(ah, 0) + Math.max(bw, 0) * Math.max(bh, 0) - both + 1e-9);
}

/** As MMYOLO's loss computes it. */
function completeIoU(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const eps = 1e-7;
  const [both, aw, ah, bw, bh] = overlapOf(a, i, b, j);
  const iou = both / (aw * ah + bw * bh - both + eps);
  const [ax1, ay1, ax2, ay2] = [a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]];
  const [bx1, by1, bx2, by2] = [b[4 * j], b[4 * j + 1], b[4 * j + 2], b[4 * j + 3]];
  const w = Math.max(Math.max(ax2, bx2) - Math.min(ax1, bx1), 0);
  const h = Math.max(Math.max(ay2, by2) - Math.min(ay1, by1), 0);
  const shift = ((bx1 + bx2 - ax1 - ax2) ** 2 + (by1 + by2 - ay1 - ay2) ** 2) / 4;
  const ratio = (4 / Math.PI ** 2) * (Math.atan(bw / (bh + eps)) - Math.atan(aw / (ah + eps))) ** 2;
  const alpha = ratio / (ratio - iou + (1 + eps));
  return Math.min(Math.max(iou - (shift / (w * w + h * h + eps) + alpha * ratio), -1), 1);
}

export const batchTaskAlignedAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'BatchTaskAlignedAssigner',
  summary: 'Assigns ground-truth boxes to the points in them with the highest score and IoU',
  paper: 'Feng et al., TOOD, ICCV 2021',
  shapes:
    'points [T, 4], scores [T, C], boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, or background; its target score',
  example: "{ type: 'BatchTaskAlignedAssigner', num_classes: 80, use_ciou: true, topk: 10, alpha: 0.5, beta: 6 }",
  options,
  contract,
  build: (given) => new BatchTaskAlignedAssigner(given),
});
