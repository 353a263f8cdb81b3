// COCO's mask evaluation: that of boxes, with IoU and area of masks.

import { DetLabError } from '../errors';
import { rleArea, rleOverlaps } from '../masks';
import { CocoBboxMetric } from './coco-bbox';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/**
 * The metric, updated image by image with detections that have masks.
 *
 * @example
 * const metric = new CocoSegmMetric(truthsOfDataset(val), { classes: val.classes });
 * metric.add(record.id, detections);
 * metric.compute().metrics.AP;
 */
export class CocoSegmMetric extends CocoBboxMetric {
  protected override compare(
    { masks, areas, scores }: BoxDetections,
    best: number[],
    truths: ImageTruths,
    truthIndices: number[],
    ignored: Uint8Array,
  ): { overlaps: Float64Array; detectionAreas: Float64Array } {
    if (masks?.length !== scores.length && best.length > 0)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${truths.imageId}: expected one per box (${scores.length}), received ` +
          `${masks?.length ?? 'none'}. Use a detector with a mask_head, or metric: 'bbox'`,
      );
    const detected = best.map((i) => masks![i]);
    const truthMasks = truthIndices.map((g) => {
      const { imageId, mask } = truths;
      if (mask) return mask(g);
      throw new DetLabError(
        `Cannot evaluate the masks of image ${imageId}: its ground truth has none. Use metric: 'bbox', or data with masks`,
      );
    });
    return {
      overlaps:
        detected.length > 0 && truthMasks.length > 0 ? rleOverlaps(detected, truthMasks, ignored) : new Float64Array(0),
      detectionAreas: Float64Array.from(best, (i, k) => areas?.[i] ?? rleArea(detected[k])),
    };
  }
}
