// CenterRegionAssigner: an anchor at the core of a truth learns it, in the shadow around the core it is left alone for that
// truth's class (Zhu et al., FSAF, CVPR 2019). Of truths whose cores share an anchor, the smallest gets it.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { boxAreas } from '../../../geometry/boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, IouCalculator } from '../types';
import { PriorBlocks } from './prior-blocks';
import { unassigned } from './unassigned';

const options = z.strictObject({
  pos_scale: z.number().describe('Size of the core, relative to the truth'),
  neg_scale: z.number().describe('Size of the core and its shadow, relative to the truth'),
  min_pos_iof: z.number().default(0.01).describe('Share of an anchor above which it lies in a core or a shadow'),
  ignore_gt_scale: z.number().default(0.5).describe('Part of an ignored region, around its centre, that is left alone'),
  foreground_dominate: z
    .boolean()
    .default(false)
    .describe('An anchor in the core of one truth and the shadow of another of its class learns; else neither'),
  iou_calculator: moduleOption('iou_calculator').default({ type: 'BboxOverlaps2D' }).describe('The overlap measure'),
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
    /** Anchor and truth, of those that must not teach the truth's class. */
    const shadows: [number, number][] = [];
    // from the largest truth to the smallest, of equals the later one counts as smaller: who comes last keeps the anchor
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

    const learnt = assigned.map((g) => (g > 0 ? labels[g - 1] : -1));
    const kept = shadows.filter(([i, g]) => !(foreground_dominate && learnt[i] === labels[g]));
    if (!foreground_dominate) for (const [i, g] of shadows) if (learnt[i] === labels[g]) assigned[i] = 0;
    result.labels.set(learnt.map((label, i) => (assigned[i] > 0 ? label : -1)));
    return { ...result, ignoredLabels: Int32Array.from(kept.flatMap(([i, g]) => [i, labels[g]])) };
  }

  /** Anchors of which more than `min_pos_iof` lies in `box`. */
  private *covering(blocks: PriorBlocks, priors: Float32Array, box: Float32Array): Generator<number> {
    const least = f(this.options.min_pos_iof);
    const runs: [number, number][] = least < 0 ? [[0, priors.length / 4]] : blocks.near(box);
    for (const [start, end] of runs) {
      const shares = this.iou.overlaps(priors.subarray(4 * start, 4 * end), box, 'iof');
      for (let i = start; i < end; i++) if (shares[i - start] > least) yield i;
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
  summary: 'Anchors at the core of a truth learn it, those in the shadow around it are left alone',
  paper: 'Zhu et al., Feature Selective Anchor-Free Module, CVPR 2019',
  shapes: 'priors or predictions [n, 4] and truths [k, 4] -> for each of the n: its truth, none, or left out',
  example: "{ type: 'CenterRegionAssigner', pos_scale: 0.2, neg_scale: 0.2, min_pos_iof: 0.01 }",
  options,
  contract,
  build: ({ iou_calculator, ...given }, { registry, path }) =>
    new CenterRegionAssigner(
      given,
      registry.build('iou_calculator', iou_calculator, { path: `${path}.iou_calculator` }),
    ),
});
