// MaxIoUAssigner: each prior goes to the truth it overlaps most, if enough; each truth gets at least its best priors.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { permuteRepeats } from './permute-repeats';
import { PriorBlocks } from './prior-blocks';

const options = z.strictObject({
  pos_iou_thr: z.number().describe('Overlap from which a prior is positive'),
  neg_iou_thr: z
    .union([z.number(), z.tuple([z.number(), z.number()])])
    .describe('Overlap below which a prior is background, or the range [low, high) of background'),
  min_pos_iou: z.number().default(0).describe('Overlap that the best prior of a truth needs to become positive'),
  gt_max_assign_all: z.boolean().default(true).describe('All priors that tie for the best of a truth get it'),
  ignore_iof_thr: z
    .number()
    .default(-1)
    .describe('Share within an ignored region from which a prior is ignored; -1 off'),
  ignore_wrt_candidates: z.boolean().default(true).describe('That share is of the prior, else of the region'),
  match_low_quality: z.boolean().default(true).describe('The best priors of a truth may lie below pos_iou_thr'),
  gpu_assign_thr: z.number().default(-1).describe("Accepted for MMDetection's sake: assignment is always on the CPU"),
  iou_calculator: moduleOption('iou_calculator').default({ type: 'BboxOverlaps2D' }).describe('The overlap measure'),
  perm_repeat_gt_cfg: z
    .strictObject({
      iou_thr: z.number().default(0.97).describe('Least overlap of a moved truth with the original'),
      perm_range: z.number().default(0.01).describe('Largest relative move of a coordinate'),
    })
    .nullish()
    .describe('Move truths that occur more than once a little apart'),
});

type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = { needs: { priors: 'boxes' }, gives: ['maxOverlaps'] } as const satisfies AssignerContract;

export class MaxIoUAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  /** Goes truth by truth over the priors near it, so that neither time nor memory grows with truths x priors. */
  assign({ priors, instances, random }: AssignInput): AssignResult {
    const { pos_iou_thr, neg_iou_thr, gt_max_assign_all, match_low_quality } = this.options;
    const [negLow, negHigh] = (typeof neg_iou_thr === 'number' ? [0, neg_iou_thr] : neg_iou_thr).map(Math.fround);
    const least = Math.fround(this.options.min_pos_iou);
    const count = priors.length >> 2;
    const truths = instances.labels.length;
    const ignored = this.ignoredPriors(priors, instances.ignored);
    const maxOverlaps = new Float32Array(count);
    const best = new Int32Array(count);
    /** By truth: its largest overlap, and every prior that has it. */
    const champions: { overlap: number; priors: number[] }[] = [];
    const perm = this.options.perm_repeat_gt_cfg;
    const boxes = perm ? permuteRepeats(instances.bboxes, this.iou, perm, random) : instances.bboxes;
    const blocks = truths > 0 ? new PriorBlocks(priors) : undefined;
    for (let truth = 0; truth < truths; truth++) {
      const box = boxes.subarray(4 * truth, 4 * truth + 4);
      let top = 0;
      let ties: number[] = [];
      for (const [start, end] of blocks!.near(box)) {
        const row = this.iou.overlaps(box, priors.subarray(4 * start, 4 * end));
        for (let i = start; i < end; i++) {
          const overlap = row[i - start];
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
          if (top >= least) ties.push(i);
        }
      }
      // a truth that overlaps nothing ties with every prior at 0, and min_pos_iou 0 gives it all of them
      if (top === 0 && least <= 0) for (let i = 0; i < count; i++) if (!ignored?.[i]) ties.push(i);
      champions.push({ overlap: top, priors: ties });
    }
    if (truths > 0 && ignored) for (let i = 0; i < count; i++) if (ignored[i]) maxOverlaps[i] = -1;

    const assigned = new Int32Array(count).fill(-1);
    const positive = Math.fround(pos_iou_thr);
    for (let i = 0; i < count; i++) {
      const overlap = maxOverlaps[i];
      // without truths all priors are background, whatever region they lie in
      if (truths === 0) assigned[i] = 0;
      else if (overlap >= positive) assigned[i] = best[i] + 1;
      else if (overlap >= negLow && overlap < negHigh) assigned[i] = 0;
    }
    if (match_low_quality)
      champions.forEach(({ overlap, priors: ties }, truth) => {
        if (overlap < least) return;
        for (const i of gt_max_assign_all ? ties : ties.slice(0, 1)) assigned[i] = truth + 1;
      });
    const labels = new Int32Array(count).fill(-1);
    for (let i = 0; i < count; i++) if (assigned[i] > 0) labels[i] = instances.labels[assigned[i] - 1];
    return { numTruths: truths, assigned, maxOverlaps, labels };
  }

  /** 1 for priors that lie in an ignored region by more than `ignore_iof_thr`. */
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
  summary: 'Assigns each prior to the truth it overlaps most, or to the background, or to neither',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'priors or predictions [n, 4] and truths [k, 4] -> for each of the n: its truth, none, or left out',
  example: "{ type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, { registry, path }) =>
    new MaxIoUAssigner(given, registry.build('iou_calculator', iou_calculator, { path: `${path}.iou_calculator` })),
});
