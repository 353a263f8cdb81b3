// What detections and objects of one image are compared by: the IoU of their boxes, or of their masks (coco-segm.ts).

import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/** IoUs and areas of one image at a time. */
export interface ImageOverlaps {
  /** Takes up an image; the indices of the other methods are in its lists. */
  load(detections: BoxDetections, truths: ImageTruths): void;
  /** Area of a detection in square pixels. */
  area(detection: number): number;
  /** IoU of a detection and an object; with an ignored object, intersection over the detection's area. */
  overlap(detection: number, truth: number): number;
}

/** IoU of boxes xywh; `crowd`: intersection over the area of the first. */
export function boxIoU(
  ax: number,
  ay: number,
  aw: number,
  ah: number,
  bx: number,
  by: number,
  bw: number,
  bh: number,
  crowd: boolean,
): number {
  const w = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  if (w <= 0) return 0;
  const h = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  if (h <= 0) return 0;
  const shared = w * h;
  return shared / (crowd ? aw * ah : aw * ah + bw * bh - shared);
}

export class BoxOverlaps implements ImageOverlaps {
  /** xywh of the detections. */
  private found = new Float64Array(512);
  private boxes: Float64Array = new Float64Array(0);
  private crowds: Uint8Array = new Uint8Array(0);

  load({ bboxes }: BoxDetections, { boxes, ignored }: ImageTruths): void {
    const { length } = bboxes;
    if (this.found.length < length) this.found = new Float64Array(2 * length);
    const { found } = this;
    for (let i = 0; i < length; i += 4) {
      const x = bboxes[i];
      const y = bboxes[i + 1];
      found[i] = x;
      found[i + 1] = y;
      found[i + 2] = bboxes[i + 2] - x;
      found[i + 3] = bboxes[i + 3] - y;
    }
    this.boxes = boxes;
    this.crowds = ignored;
  }

  area(detection: number): number {
    return this.found[4 * detection + 2] * this.found[4 * detection + 3];
  }

  overlap(detection: number, truth: number): number {
    const { found, boxes } = this;
    const [d, g] = [4 * detection, 4 * truth];
    return boxIoU(
      found[d],
      found[d + 1],
      found[d + 2],
      found[d + 3],
      boxes[g],
      boxes[g + 1],
      boxes[g + 2],
      boxes[g + 3],
      this.crowds[truth] === 1,
    );
  }
}
