// ATSSAssigner: candidates of a ground-truth box are the `topk` anchors of every level whose centres are nearest to its own;
// positive are those whose IoU reaches the mean plus the standard deviation over all candidates and whose centre is in the
// box (Zhang et al., ATSS, CVPR 2020). An anchor of several boxes goes to the one of highest IoU. With `alpha`, DDOD's
// cost takes the place of the IoU (Chen et al., ACM MM 2021).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';

const options = z.strictObject({
  topk: z.number().int().positive().describe('Nearest anchors of each level that are candidates of a ground-truth box'),
  alpha: z
    .number()
    .nullish()
    .describe('DDOD: use score^(1 - alpha) * IoU^alpha of the predictions instead of the IoU of the anchors'),
  iou_calculator: iouCalculatorOption,
  ignore_iof_thr: z
    .number()
    .default(-1)
    .describe('Anchors of which a larger share is in an ignore region are ignored; -1: none'),
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;

const contract = { needs: { priors: 'boxes' }, gives: ['maxOverlaps'] } as const satisfies AssignerContract;
/** Parts of the predictions that DDOD's cost reads. */
const COST_PARTS = ['scores', 'boxes'] as const;

export class ATSSAssigner implements Assigner {
  readonly needs: AssignerContract['needs'];
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {
    this.needs = options.alpha == null ? contract.needs : { ...contract.needs, predictions: COST_PARTS };
  }

  assign(input: AssignInput): AssignResult {
    const { priors, levels, instances } = input;
    const { topk, alpha, ignore_iof_thr } = this.options;
    const predictions = alpha == null ? undefined : predictionsOf('ATSSAssigner with alpha', input, COST_PARTS);
    const count = priors.length / 4;
    const truths = instances.labels.length;
    const assigned = new Int32Array(count);
    const labels = new Int32Array(count).fill(-1);
    if (truths === 0 || count === 0)
      return { numTruths: truths, assigned, maxOverlaps: new Float32Array(count), labels };
    const ignored = new Uint8Array(count);
    if (ignore_iof_thr > 0)
      for (let r = 0; r < instances.ignored.length / 4; r++) {
        const shares = this.iou.overlaps(priors, takeBoxes(instances.ignored, [r]), 'iof');
        for (let i = 0; i < count; i++) if (shares[i] > ignore_iof_thr) [ignored[i], assigned[i]] = [1, -1];
      }
    const best = new Float32Array(count).fill(-100000000);
    const distances = new Float32Array(count);
    for (let g = 0; g < truths; g++) {
      const box = instances.bboxes.subarray(4 * g, 4 * g + 4);
      const [cx, cy] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
      for (let i = 0; i < count; i++) {
        const dx = (priors[4 * i] + priors[4 * i + 2]) / 2 - cx;
        const dy = (priors[4 * i + 1] + priors[4 * i + 3]) / 2 - cy;
        // nearest first is the largest of the negatives
        distances[i] = ignored[i] ? -100000000 : -Math.sqrt(dx * dx + dy * dy);
      }
      const candidates: number[] = [];
      let start = 0;
      for (const size of levels) {
        for (const i of topIndices(distances.subarray(start, start + size), Math.min(topk, size)))
          candidates.push(start + i);
        start += size;
      }
      let overlaps = this.iou.overlaps(takeBoxes(predictions?.boxes ?? priors, candidates), box);
      if (predictions && alpha != null) {
        const { scores, classes } = predictions;
        overlaps = overlaps.map(
          (o, k) => scores[candidates[k] * classes + instances.labels[g]] ** (1 - alpha) * o ** alpha,
        );
      }
      const n = overlaps.length;
      const mean = overlaps.reduce((sum, v) => sum + v, 0) / n;
      const deviation = Math.sqrt(overlaps.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
      const threshold = Math.fround(mean + deviation);
      for (const [k, i] of candidates.entries()) {
        const x = (priors[4 * i] + priors[4 * i + 2]) / 2;
        const y = (priors[4 * i + 1] + priors[4 * i + 3]) / 2;
        const inside = Math.min(x - box[0], y - box[1], box[2] - x, box[3] - y) > 0.01;
        if (!inside || overlaps[k] < threshold || overlaps[k] <= best[i]) continue;
        best[i] = overlaps[k];
        assigned[i] = g + 1;
        labels[i] = instances.labels[g];
      }
    }
    return { numTruths: truths, assigned, maxOverlaps: best, labels };
  }
}

export const atssAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'ATSSAssigner',
  summary: 'Assigns ground-truth boxes to nearby anchors, by an IoU threshold adapted to each box',
  paper:
    'Zhang et al., Bridging the Gap Between Anchor-based and Anchor-free Detection via Adaptive Training Sample Selection, CVPR 2020',
  shapes: 'anchors [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, background, or ignored',
  example: "{ type: 'ATSSAssigner', topk: 9 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new ATSSAssigner(given, buildIouCalculator(iou_calculator, context)),
});
