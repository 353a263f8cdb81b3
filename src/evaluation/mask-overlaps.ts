// What COCO's mask evaluation compares: IoU and area of the masks of one image.

import { DetLabError } from '../errors';
import { ColumnMasks } from '../masks/column-masks';
import type { Rle } from '../masks/rle';
import type { ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/** IoUs and areas of the masks of one image, each read when it is first asked for. */
export class MaskOverlaps implements ImageOverlaps {
  private readonly columns = new ColumnMasks();
  private masks: readonly Rle[] = [];
  private areas?: ArrayLike<number>;
  private truths?: ImageTruths;
  /** Places of detections, then of objects, among the columns; -1: not yet read. */
  private places = new Int32Array(0);

  load({ masks, areas, scores }: BoxDetections, truths: ImageTruths): void {
    const { imageId, labels, mask } = truths;
    if (scores.length > 0 && masks?.length !== scores.length)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${imageId}: expected one per box (${scores.length}), received ` +
          `${masks?.length ?? 'none'}. Use a detector with a mask_head, or metric: 'bbox'`,
      );
    if (labels.length > 0 && !mask)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${imageId}: its ground truth has none. Use metric: 'bbox', or data with masks`,
      );
    this.masks = masks ?? [];
    this.areas = areas;
    this.truths = truths;
    this.columns.clear();
    const count = this.masks.length + labels.length;
    if (count > this.places.length) this.places = new Int32Array(2 * count);
    this.places.fill(-1, 0, count);
  }

  area(detection: number): number {
    const place = this.places[detection];
    if (place >= 0 && !this.areas) return this.columns.area(place);
    return this.areas?.[detection] ?? this.read(detection, (mask) => this.columns.areaOf(mask));
  }

  overlap(detection: number, truth: number): number {
    const place = this.placeOf(detection);
    return this.columns.overlap(place, this.placeOfTruth(truth), this.truths!.ignored[truth] === 1);
  }

  private placeOf(detection: number): number {
    const { places, columns } = this;
    if (places[detection] < 0) places[detection] = this.read(detection, (mask) => columns.add(mask));
    return places[detection];
  }

  private read(detection: number, as: (mask: Rle) => number): number {
    try {
      return as(this.masks[detection]);
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
      throw new DetLabError(
        `Cannot evaluate the masks of image ${this.truths!.imageId}: detection ${detection}: ${error.message}`,
      );
    }
  }

  /** In the frame of the detections, that of the image file. */
  private placeOfTruth(truth: number): number {
    const { places, masks, columns, truths } = this;
    const at = masks.length + truth;
    if (places[at] < 0) places[at] = columns.add(truths!.mask!(truth, masks[0]));
    return places[at];
  }
}
