// DetTTAModel: merges the detections of several views of one image (flipped, scaled) by NMS. MMDetection 3.3. Where that
// refuses masks, each box that is kept keeps the mask of its view.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { concatInstances, takeInstances } from '../../data/instances';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { flipBoxes } from '../../geometry/boxes';
import { flipRle } from '../../masks';
import { batchedNms, type NmsConfig } from '../../ops/batched-nms';
import { nmsOption } from '../shared-options/nms-option';

/** The detections of one view, in pixels of the original image, flipped if the view was. */
export interface View {
  detections: Detections;
  meta: Pick<ImageMeta, 'oriShape' | 'flip' | 'flipDirection'>;
}

/** Merges the views of one image (at least one). */
export type ViewMerger = (views: readonly View[]) => Detections;

declare module '../../catalogue/registry' {
  interface Built {
    tta_model: ViewMerger;
  }
}

export const DetTTAModel = defineModule({
  kind: 'tta_model',
  type: 'DetTTAModel',
  summary: 'Merges the detections of flipped and scaled views of an image by NMS',
  origin: 'MMDetection',
  shapes: 'detections of each view -> detections',
  example: "{ type: 'DetTTAModel', tta_cfg: { nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 } }",
  options: z.strictObject({
    tta_cfg: z
      .strictObject({
        nms: nmsOption.describe('Non-maximum suppression over the boxes of all views, class by class'),
        max_per_img: z.int().positive().describe('Maximum number of detections per image'),
      })
      .describe('How the views are merged'),
  }),
  build: ({ tta_cfg: { nms, max_per_img: limit } }): ViewMerger => {
    return (views) => {
      if (views.some(({ detections }) => detections.rboxes))
        throw new DetLabError(
          'Cannot merge the views of an image by DetTTAModel: its boxes are upright, those of the model are rotated. ' +
            'Predict without test-time augmentation',
        );
      if (views.some(({ detections: { keypoints }, meta }) => keypoints && meta.flip))
        throw new DetLabError(
          'Cannot merge the views of an image by DetTTAModel: in a mirrored view the keypoints of left and right are swapped, which it ' +
            'does not undo. Predict without flipped views',
        );
      const all = concatInstances(views.map(unflipped));
      if (all.scores.length === 0) return all;
      const { keep, scores } = batchedNms(all.bboxes, all.scores, all.labels, nms as NmsConfig);
      // soft NMS lowers scores
      return { ...takeInstances(all, keep.subarray(0, limit)), scores: scores.slice(0, limit) };
    };
  },
});

/** The detections in the frame of the image as it is. */
function unflipped({ detections, meta: { flip, flipDirection = 'horizontal', oriShape } }: View): Detections {
  if (!flip) return detections;
  const { bboxes, masks, ...columns } = detections;
  const upright = { ...columns, bboxes: flipBoxes(bboxes, flipDirection, oriShape) };
  return masks ? { ...upright, masks: masks.map((mask) => flipRle(mask, flipDirection)) } : upright;
}
