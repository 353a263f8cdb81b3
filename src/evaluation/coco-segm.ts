// COCO's mask evaluation: that of boxes, with IoU and area of masks.

import { DetLabError } from '../errors';
import { rleArea, rleOverlaps } from '../masks';
import { CocoBboxMetric, type CocoBboxOptions } from './coco-bbox';
import type { Compare } from './image-matching';
import type { ImageTruths } from './image-truths';

/**
 * The metric, updated image by image with detections that have masks.
 *
 * @example
 * const metric = new CocoSegmMetric(truthsOfDataset(val), { classes: val.classes });
 * metric.add(record.id, detections);
 * metric.compute().metrics.AP;
 */
export class CocoSegmMetric extends CocoBboxMetric {
  constructor(truths: readonly ImageTruths[], options: CocoBboxOptions) {
    super(truths.map(ignoringMaskless), options);
    const objects = truths.flatMap(({ ignored, maskless }) =>
      [...ignored].map((flag, g) => [flag, maskless?.[g] ?? 0]),
    );
    const counted = objects.filter(([ignored]) => !ignored);
    if (counted.length > 0 && counted.every(([, maskless]) => maskless))
      throw new DetLabError(
        `Cannot evaluate masks: none of the ${counted.length} ground-truth objects has a segmentation. ` +
          "Use metric: 'bbox', or data with masks",
      );
  }

  protected override readonly compare = compareMasks;
}

export const compareMasks: Compare = ({ masks, areas, scores }, chosen, truths, truthIndices, ignored) => {
  if (masks?.length !== scores.length && chosen.length > 0)
    throw new DetLabError(
      `Cannot evaluate the masks of image ${truths.imageId}: expected one per box (${scores.length}), received ` +
        `${masks?.length ?? 'none'}. Use a detector with a mask_head, or metric: 'bbox'`,
    );
  const detected = chosen.map((i) => masks![i]);
  const truthMasks = truthIndices.map((g) => {
    const { imageId, mask } = truths;
    // in the frame of the detections, that of the image file
    if (mask) return mask(g, detected[0]);
    throw new DetLabError(
      `Cannot evaluate the masks of image ${imageId}: its ground truth has none. Use metric: 'bbox', or data with masks`,
    );
  });
  return {
    overlaps:
      detected.length > 0 && truthMasks.length > 0 ? rleOverlaps(detected, truthMasks, ignored) : new Float64Array(0),
    detectionAreas: Float64Array.from(chosen, (i, k) => areas?.[i] ?? rleArea(detected[k])),
  };
};

/** Without its outline, the mask of an object is unknown: neither finding nor missing it counts, nor what is in its box. */
export function ignoringMaskless({ maskless, ...truths }: ImageTruths): ImageTruths {
  if (!maskless) return truths;
  return { ...truths, ignored: truths.ignored.map((flag, g) => (maskless[g] ? 1 : flag)) };
}
