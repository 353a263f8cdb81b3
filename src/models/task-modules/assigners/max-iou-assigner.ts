// MaxIoUAssigner: each prior is assigned to the ground-truth box of highest IoU if that is high enough, and each box to its
// best priors (Ren et al., Faster R-CNN, NeurIPS 2015).

import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import { requireFiniteBoxes } from '../require-finite-boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { permuteRepeats } from './permute-repeats';
import { PriorBlocks } from './prior-blocks';

export const maxIoUOptions = {
  pos_iou_thr: z.number().describe('IoU from which a prior is positive'),
  neg_iou_thr: z
    .union([z.number(), z.tuple([z.number(), z.number()])])
    .describe('IoU below which a prior is background, or the range [low, high) of background'),
  min_pos_iou: z.number().default(0).describe('Min IoU at which the best prior of a ground-truth box becomes positive'),
  gt_max_assign_all: z
    .boolean()
    .default(true)
    .describe('All priors that tie for the best are positive, else the first'),
  ignore_iof_thr: z
    .number()
    .default(-1)
    .describe('Priors of which a larger share is in an ignore region are ignored; -1: none'),
  ignore_wrt_candidates: z.boolean().default(true).describe('The share is of the prior, else of the ignore region'),
  match_low_quality: z
    .boolean()
    .default(true)
    .describe('The best priors of a ground-truth box are positive below pos_iou_thr, too'),
  gpu_assign_thr: ignoredOption('boxes are assigned on one device', { schema: z.number().default(-1) }),
  iou_calculator: iouCalculatorOption,
};
const options = z.strictObject({
  ...maxIoUOptions,
  perm_repeat_gt_cfg: z
    .strictObject({
      iou_thr: z.number().default(0.97).describe('Min IoU of a moved box with the original'),
      perm_range: z.number().default(0.01).describe('Max relative move of a coordinate'),
    })
    .nullish()
    .describe('Moves ground-truth boxes that occur more than once slightly apart'),
});

export type MaxIoUOptions = Omit<z.output<typeof options>, 'iou_calculator'>;

/** Priors that may overlap a box: the first of each run, and the overlap of each. */
export type OverlapRuns = (box: Float32Array) => [start: number, overlaps: Float32Array][];

const contract = { needs: { priors: 'boxes' }, gives: ['maxOverlaps'] } as const satisfies AssignerContract;

export class MaxIoUAssigner implements Assigner {
  readonly needs: AssignerContract['needs'] = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private options: MaxIoUOptions,
    protected readonly iou: IouCalculator,
  ) {}

  /** From now on priors are positive from this IoU, and background below it (Dynamic R-CNN). */
  separateAt(iou: number): void {
    this.options = { ...this.options, pos_iou_thr: iou, neg_iou_thr: iou, min_pos_iou: iou };
  }

  protected overlapRuns({ priors }: AssignInput): OverlapRuns {
    const blocks = new PriorBlocks(priors);
    return (box) =>
      blocks.near(box).map(([start, end]) => [start, this.iou.overlaps(box, priors.subarray(4 * start, 4 * end))]);
  }

  /** For each ground-truth box only the priors near it are compared, so that neither time nor memory grows with K * T. */
  assign(input: AssignInput): AssignResult {
    const { priors, instances, random } = input;
    const { pos_iou_thr, neg_iou_thr, gt_max_assign_all, match_low_quality } = this.options;
    const [negLow, negHigh] = (typeof neg_iou_thr === 'number' ? [0, neg_iou_thr] : neg_iou_thr).map(Math.fround);
    const minOverlap = Math.fround(this.options.min_pos_iou);
    requireFiniteBoxes(instances.bboxes, 'ground truth');
    const count = priors.length >> 2;
    const truths = instances.labels.length;
    const ignored = this.ignoredPriors(priors, instances.ignored);
    const maxOverlaps = new Float32Array(count);
    const best = new Int32Array(count);
    /** Highest IoU of each ground-truth box, and all priors that have it. */
    const bestPriors: { overlap: number; priors: number[] }[] = [];
    const perm = this.options.perm_repeat_gt_cfg;
    const boxes = perm ? permuteRepeats(instances.bboxes, this.iou, perm, random) : instances.bboxes;
    const runs = truths > 0 ? this.overlapRuns(input) : undefined;
    for (let truth = 0; truth < truths; truth++) {
      const box = boxes.subarray(4 * truth, 4 * truth + 4);
      let top = 0;
      let ties: number[] = [];
      for (const [start, overlaps] of runs!(box)) {
        for (let i = start; i < start + overlaps.length; i++) {
          const overlap = overlaps[i - start];
          if (overlap <= 0 || ignored?.[i]) continue;
          if (overlap > maxOverlaps[i]) {
            maxOverlaps[i] = overlap;
            best[i] = truth;
          }
          if (overlap < top) continue;
          if (overlap > top) {
            top = overlap;
            ties = [];
          }
          if (top >= minOverlap) ties.push(i);
        }
      }
      // a box that overlaps nothing ties with every prior at 0, and min_pos_iou 0 gives it all of them
      if (top === 0 && minOverlap <= 0) for (let i = 0; i < count; i++) if (!ignored?.[i]) ties.push(i);
      bestPriors.push({ overlap: top, priors: ties });
    }
    if (truths > 0 && ignored) for (let i = 0; i < count; i++) if (ignored[i]) maxOverlaps[i] = -1;

    const assigned = new Int32Array(count);
    const positive = Math.fround(pos_iou_thr);
    // without ground truth all priors are background, in ignore regions too
    for (let i = 0; truths > 0 && i < count; i++) {
      const overlap = maxOverlaps[i];
      if (overlap >= positive) assigned[i] = best[i] + 1;
      else if (!(overlap >= negLow && overlap < negHigh)) assigned[i] = -1;
    }
    if (match_low_quality)
      bestPriors.forEach(({ overlap, priors: ties }, truth) => {
        if (overlap < minOverlap) return;
        for (const i of gt_max_assign_all ? ties : ties.slice(0, 1)) assigned[i] = truth + 1;
      });
    const labels = new Int32Array(count).fill(-1);
    for (let i = 0; i < count; i++) if (assigned[i] > 0) labels[i] = instances.labels[assigned[i] - 1];
    return { numTruths: truths, assigned, maxOverlaps, labels };
  }

  /** 1 for priors of which more than `ignore_iof_thr` is in an ignore region. */
  private ignoredPriors(priors: Float32Array, regions: Float32Array): Uint8Array | undefined {
    const { ignore_iof_thr, ignore_wrt_candidates } = this.options;
    if (ignore_iof_thr <= 0 || regions.length === 0 || priors.length === 0) return undefined;
    const threshold = Math.fround(ignore_iof_thr);
    const count = priors.length >> 2;
    const flags = new Uint8Array(count);
    for (let r = 0; r < regions.length >> 2; r++) {
      const region = takeBoxes(regions, [r]);
      const shares = ignore_wrt_candidates
        ? this.iou.overlaps(priors, region, 'iof') // [priors, 1]
        : this.iou.overlaps(region, priors, 'iof'); // [1, priors]
      for (let i = 0; i < count; i++) if (shares[i] > threshold) flags[i] = 1;
    }
    return flags;
  }
}

export const maxIoUAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'MaxIoUAssigner',
  summary: 'Assigns ground-truth boxes to priors by IoU thresholds',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, background, or ignored',
  example: "{ type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new MaxIoUAssigner(given, buildIouCalculator(iou_calculator, context)),
});
