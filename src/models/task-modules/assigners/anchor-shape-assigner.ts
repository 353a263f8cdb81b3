// AnchorShapeAssigner: a ground-truth box goes to the anchors at the cells of its center whose shape is like its own: the best of
// all levels, and every one whose IoU with it, both laid on one center, is above `iou_thresh` (Bochkovskiy et al., YOLOv4, 2020;
// darknet's yolo layer). Background are the others, but for those whose predicted box overlaps a ground-truth box well. Of several
// boxes at one anchor it gets that of the likest shape; darknet averages their gradients.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { bboxOverlaps } from '../../../geometry/boxes';
import { requireFiniteBoxes } from '../require-finite-boxes';
import type { Assigner, AssignerContract, AssignInput, AssignResult, Instances } from '../types';

const options = z.strictObject({
  iou_thresh: z
    .number()
    .default(0.213)
    .describe('IoU of shapes above which further anchors are positive; 1: the best one alone, as in YOLOv3'),
  ignore_thresh: z
    .number()
    .default(0.7)
    .describe('Anchors whose predicted box overlaps a ground-truth box by a higher IoU are not background'),
  ignore_iof_thr: z
    .number()
    .default(-1)
    .describe('Anchors of whose predicted box a larger share is in an ignore region are ignored; -1: none'),
});
type Options = z.output<typeof options>;

const contract = {
  needs: { priors: 'cells', predictions: ['boxes'] },
  gives: ['maxOverlaps'],
} as const satisfies AssignerContract;

export class AnchorShapeAssigner implements Assigner {
  readonly needs = contract.needs;
  readonly gives = contract.gives;

  constructor(private readonly options: Options) {}

  assign({ priors, strides, levels, instances, predictions }: AssignInput): AssignResult {
    if (!strides || !predictions?.boxes)
      throw new DetLabError(
        'Cannot assign with AnchorShapeAssigner: expected the stride and the predicted box of each prior, received ' +
          `${strides ? 'no boxes' : 'no strides'}. Pass AssignInput.strides and AssignInput.predictions.boxes`,
      );
    requireFiniteBoxes(instances.bboxes, 'ground truth');
    const { iou_thresh } = this.options;
    const count = priors.length / 4;
    const truths = instances.labels.length;
    const assigned = this.background(predictions.boxes, instances, count);
    const maxOverlaps = new Float32Array(count);
    const labels = new Int32Array(count).fill(-1);
    const cells = anchorsByCell(priors, strides, levels);
    const take = (anchor: number, truth: number, overlap: number) => {
      if (assigned[anchor] > 0 && maxOverlaps[anchor] >= overlap) return;
      assigned[anchor] = truth + 1;
      maxOverlaps[anchor] = overlap;
      labels[anchor] = instances.labels[truth];
    };
    for (let truth = 0; truth < truths; truth++) {
      const box = instances.bboxes.subarray(4 * truth, 4 * truth + 4);
      const near = cells(box).map((anchor) => [anchor, shapeOverlap(priors, 4 * anchor, box)] as const);
      let best = near[0];
      for (const one of near) if (one[1] > best[1]) best = one;
      if (best) take(best[0], truth, best[1]);
      for (const [anchor, overlap] of near) if (overlap > iou_thresh) take(anchor, truth, overlap);
    }
    return { numTruths: truths, assigned, maxOverlaps, labels };
  }

  /** 0 for every anchor, -1 where the predicted box says that it is neither. */
  private background(boxes: Float32Array, { bboxes, ignored }: Instances, count: number): Int32Array {
    const { ignore_thresh, ignore_iof_thr } = this.options;
    const assigned = new Int32Array(count);
    const leave = (regions: Float32Array, threshold: number, mode: 'iou' | 'iof') => {
      const columns = regions.length / 4;
      if (columns === 0) return;
      const overlaps = bboxOverlaps(boxes, regions, mode);
      for (let i = 0; i < overlaps.length; i++)
        if (overlaps[i] > Math.fround(threshold)) assigned[Math.floor(i / columns)] = -1;
    };
    leave(bboxes, ignore_thresh, 'iou');
    if (ignore_iof_thr > 0) leave(ignored, ignore_iof_thr, 'iof');
    return assigned;
  }
}

/** The anchors at the cells, one of each level, in which the center of a box is. */
function anchorsByCell(
  priors: Float32Array,
  strides: ArrayLike<number>,
  levels: readonly number[],
): (box: Float32Array) => number[] {
  const cell = (boxes: Float32Array, at: number, stride: number) =>
    [0, 1].map((axis) => Math.floor(((boxes[at + axis] + boxes[at + axis + 2]) * 0.5) / stride)).join();
  let start = 0;
  const maps = levels
    .filter((count) => count > 0)
    .map((count) => {
      const stride = strides[start];
      const anchors = new Map<string, number[]>();
      for (const end = start + count; start < end; start++) {
        const key = cell(priors, 4 * start, stride);
        const list = anchors.get(key);
        if (list) list.push(start);
        else anchors.set(key, [start]);
      }
      return { stride, anchors };
    });
  return (box) => maps.flatMap(({ stride, anchors }) => anchors.get(cell(box, 0, stride)) ?? []);
}

/** IoU of a prior and a box if both had one center. */
function shapeOverlap(priors: Float32Array, at: number, box: Float32Array): number {
  const [w, h] = [priors[at + 2] - priors[at], priors[at + 3] - priors[at + 1]];
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const overlap = Math.min(w, width) * Math.min(h, height);
  return overlap / (w * h + width * height - overlap);
}

export const anchorShapeAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'AnchorShapeAssigner',
  summary: 'Assigns ground-truth boxes to all anchors of their shape at the cells of their center',
  paper: 'Bochkovskiy, Wang and Liao, YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes:
    'anchors [T, 4], strides [T], predicted boxes [T, 4], ground truth [K, 4] -> for each of the T: index of its ground truth, background, or ignored',
  example: "{ type: 'AnchorShapeAssigner', iou_thresh: 0.213, ignore_thresh: 0.7 }",
  options,
  contract,
  build: (given) => new AnchorShapeAssigner(given),
});
