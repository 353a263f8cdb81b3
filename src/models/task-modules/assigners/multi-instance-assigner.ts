// MultiInstanceAssigner: to each prior, ground-truth box and ignore region the two objects, or more, that overlap it most (Chu et al.,
// Detection in Crowded Scenes, CVPR 2020). With fewer objects than that the rest is background, where MMDetection fails.

import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { joinArrays } from '../../join-arrays';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import { requireFiniteBoxes } from '../require-finite-boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { maxIoUOptions } from './max-iou-assigner';

const unread = 'objects are assigned by overlap alone';
const options = z.strictObject({
  num_instance: z.int().min(2).default(2).describe('Objects of each prior'),
  pos_iou_thr: maxIoUOptions.pos_iou_thr,
  neg_iou_thr: z.number().describe('IoU below which an object is background'),
  min_pos_iou: ignoredOption(unread, { schema: z.number().default(0) }),
  gt_max_assign_all: ignoredOption(unread, { schema: z.boolean().default(true) }),
  ignore_iof_thr: ignoredOption('ignore regions compete with objects', { schema: z.number().default(-1) }),
  ignore_wrt_candidates: ignoredOption('the share is of the prior', { schema: z.boolean().default(true) }),
  match_low_quality: ignoredOption(unread, { schema: z.boolean().default(true) }),
  perm_repeat_gt_cfg: ignoredOption('objects that occur more than once are assigned one after the other'),
  gpu_assign_thr: maxIoUOptions.gpu_assign_thr,
  iou_calculator: iouCalculatorOption,
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = {
  needs: { priors: 'boxes', several: true },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

export class MultiInstanceAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  assign({ priors, instances }: AssignInput): AssignResult {
    const { num_instance: count } = this.options;
    const [positive, negative] = [this.options.pos_iou_thr, this.options.neg_iou_thr].map(Math.fround);
    requireFiniteBoxes(instances.bboxes, 'ground truth');
    const objects = instances.labels.length;
    const boxes = joinArrays([instances.bboxes, instances.ignored]);
    const candidates = joinArrays([priors, boxes]);
    const rows = candidates.length / 4;
    const overlaps = this.iou.overlaps(candidates, instances.bboxes); // [T', objects]
    const shares = this.iou.overlaps(candidates, instances.ignored, 'iof'); // [T', regions]
    const regions = instances.ignored.length / 4;
    const truths = new Int32Array(rows * count);
    const labels = new Int32Array(rows * count);
    const maxOverlaps = new Float32Array(rows);
    for (let i = 0; i < rows; i++) {
      const ofObjects = best(overlaps.subarray(i * objects, (i + 1) * objects), count);
      const ofRegions = best(shares.subarray(i * regions, (i + 1) * regions), count);
      for (let s = 0; s < count; s++) {
        const object = ofObjects[s] ?? { at: 0, overlap: 0 };
        const region = ofRegions[s] ?? { at: 0, overlap: 0 };
        const isIgnored = object.overlap < positive && region.overlap > object.overlap;
        const { at, overlap } = isIgnored ? region : object;
        const slot = i * count + s;
        truths[slot] = isIgnored ? objects + at : at;
        if (overlap < negative || objects + regions === 0) labels[slot] = 0;
        else labels[slot] = isIgnored ? -1 : 1;
        if (s === 0) maxOverlaps[i] = overlap;
      }
    }
    const first = Int32Array.from({ length: rows }, (_, i) => i * count);
    return {
      numTruths: objects,
      assigned: first.map((at) => (labels[at] > 0 ? truths[at] + 1 : labels[at])),
      maxOverlaps,
      labels: first.map((at) => (labels[at] > 0 ? instances.labels[truths[at]] : -1)),
      several: { count, candidates, boxes, truths, labels },
    };
  }
}

/** The highest overlaps, the first of those that tie. */
const best = (overlaps: Float32Array, count: number): { at: number; overlap: number }[] =>
  Array.from(overlaps, (overlap, at) => ({ at, overlap }))
    .sort((a, b) => b.overlap - a.overlap || a.at - b.at)
    .slice(0, count);

export const multiInstanceAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'MultiInstanceAssigner',
  summary: 'Assigns several ground-truth boxes to each prior, by IoU',
  paper: 'Chu et al., Detection in Crowded Scenes: One Proposal, Multiple Predictions, CVPR 2020',
  shapes: 'boxes [T, 4], ground truth [K, 4] -> for each of the T: indices of several ground-truth boxes',
  example: "{ type: 'MultiInstanceAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new MultiInstanceAssigner(given, buildIouCalculator(iou_calculator, context)),
});
