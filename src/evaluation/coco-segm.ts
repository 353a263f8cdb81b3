// COCO's mask evaluation: as that of boxes, with the overlap and the area of masks.

import { DetLabError } from '../errors';
import { rleArea, rleOverlaps } from '../masks';
import { CocoBboxMetric } from './coco-bbox';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/**
 * The metric, fed image by image with detections that have masks.
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
    wanted: number[],
    ignored: Uint8Array,
  ): { overlaps: Float64Array; detectionAreas: Float64Array } {
    if (masks?.length !== scores.length && best.length > 0)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${truths.imageId}: expected one for each of ${scores.length} boxes, received ` +
          `${masks?.length ?? 'none'}. Use a detector with a mask_head, or metric: 'bbox'`,
      );
    const own = best.map((i) => masks![i]);
    const others = wanted.map((g) => {
      const { imageId, mask } = truths;
      if (mask) return mask(g);
      throw new DetLabError(`Cannot evaluate the masks of image ${imageId}: its truths have none`);
    });
    return {
      overlaps: own.length > 0 && others.length > 0 ? rleOverlaps(own, others, ignored) : new Float64Array(0),
      detectionAreas: Float64Array.from(best, (i, k) => areas?.[i] ?? rleArea(own[k])),
    };
  }
}
