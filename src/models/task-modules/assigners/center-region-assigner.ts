// CenterRegionAssigner: anchors on the core of a ground-truth box are its positives; those on the shadow around the core are
// excluded from the classification loss of its class (Zhu et al., FSAF, CVPR 2019). An anchor on several cores goes to the
// smallest box.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { boxAreas } from '../../../geometry/boxes';
import { buildIouCalculator, iouCalculatorOption } from '../iou-calculators/iou-calculator-option';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { PriorBlocks } from './prior-blocks';
import { unassigned } from './unassigned';

const options = z.strictObject({
  pos_scale: z.number().describe('Size of the core relative to the ground-truth box'),
  neg_scale: z.number().describe('Size of core and shadow relative to the ground-truth box'),
  min_pos_iof: z.number().default(0.01).describe('Min share of an anchor that a core or shadow must cover'),
  ignore_gt_scale: z
    .number()
    .default(0.5)
    .describe('Size of the part of an ignore region, about its centre, in which anchors are ignored'),
  foreground_dominate: z
    .boolean()
    .default(false)
    .describe('Anchors on a core and on a shadow of the same class are positive instead of negative'),
  iou_calculator: iouCalculatorOption,
});
type Options = Omit<z.output<typeof options>, 'iou_calculator'>;
const f = Math.fround;

const contract = { needs: { priors: 'boxes' }, gives: ['ignoredLabels'] } as const satisfies AssignerContract;

export class CenterRegionAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(
    private readonly options: Options,
    private readonly iou: IouCalculator,
  ) {}

  assign({ priors, instances: { bboxes, labels, ignored } }: AssignInput): AssignResult {
    const { pos_scale, neg_scale, ignore_gt_scale, foreground_dominate } = this.options;
    const count = priors.length / 4;
    const result = unassigned(count, labels.length);
    const { assigned } = result;
    const [cores, outlines] = [scaled(bboxes, pos_scale), scaled(bboxes, neg_scale)];
    const centers = priors.map((_, i) => f(priors[i] + priors[i ^ 2]) / 2);
    const within = (i: number, boxes: Float32Array, g: number) =>
      centers[4 * i] > boxes[4 * g] &&
      centers[4 * i] < boxes[4 * g + 2] &&
      centers[4 * i + 1] > boxes[4 * g + 1] &&
      centers[4 * i + 1] < boxes[4 * g + 3];
    const blocks = new PriorBlocks(priors);
    /** (anchor, ground truth): on the shadow, or on the core and taken by a smaller box. */
    const shadows: [number, number][] = [];
    // from the largest box to the smallest, equal ones in order: the last to come keeps the anchor
    const areas = boxAreas(bboxes);
    for (const g of [...areas.keys()].sort((a, b) => areas[b] - areas[a] || a - b)) {
      const inCore = new Set<number>();
      for (const i of this.covering(blocks, priors, cores.subarray(4 * g, 4 * g + 4))) {
        if (!within(i, bboxes, g)) continue;
        inCore.add(i);
        if (assigned[i] > 0) shadows.push([i, assigned[i] - 1]);
        assigned[i] = g + 1;
      }
      for (const i of this.covering(blocks, priors, outlines.subarray(4 * g, 4 * g + 4)))
        if (!inCore.has(i)) shadows.push([i, g]);
    }
    const regions = scaled(ignored, ignore_gt_scale);
    for (let r = 0; r < regions.length / 4; r++)
      for (let i = 0; i < count; i++) if (within(i, regions, r)) assigned[i] = -1;

    const assignedLabels = assigned.map((g) => (g > 0 ? labels[g - 1] : -1));
    const kept = shadows.filter(([i, g]) => !(foreground_dominate && assignedLabels[i] === labels[g]));
    if (!foreground_dominate) for (const [i, g] of shadows) if (assignedLabels[i] === labels[g]) assigned[i] = 0;
    result.labels.set(assignedLabels.map((label, i) => (assigned[i] > 0 ? label : -1)));
    return { ...result, ignoredLabels: Int32Array.from(kept.flatMap(([i, g]) => [i, labels[g]])) };
  }

  /** Anchors of which `box` covers more than `min_pos_iof`. */
  private *covering(blocks: PriorBlocks, priors: Float32Array, box: Float32Array): Generator<number> {
    const minShare = f(this.options.min_pos_iof);
    const runs: [number, number][] = minShare < 0 ? [[0, priors.length / 4]] : blocks.near(box);
    for (const [start, end] of runs) {
      const shares = this.iou.overlaps(priors.subarray(4 * start, 4 * end), box, 'iof');
      for (let i = start; i < end; i++) if (shares[i - start] > minShare) yield i;
    }
  }
}

/** Boxes of `scale` times the size about their centres. */
function scaled(boxes: Float32Array, scale: number): Float32Array {
  return boxes.map((_, i) => {
    const [low, high] = i & 2 ? [boxes[i - 2], boxes[i]] : [boxes[i], boxes[i + 2]];
    const half = f(f(f(high - low) * 0.5) * f(scale));
    const center = f(f(high + low) * 0.5);
    return i & 2 ? center + half : center - half;
  });
}

export const centerRegionAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'CenterRegionAssigner',
  summary: 'Assigns ground-truth boxes to anchors on their core and ignores those on the shadow around it',
  paper: 'Zhu et al., Feature Selective Anchor-Free Module, CVPR 2019',
  shapes: 'anchors [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, background, or ignored',
  example: "{ type: 'CenterRegionAssigner', pos_scale: 0.2, neg_scale: 0.2, min_pos_iof: 0.01 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, context) =>
    new CenterRegionAssigner(given, buildIouCalculator(iou_calculator, context)),
});
