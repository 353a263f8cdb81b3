// Boundary IoU of masks (Cheng et al., CVPR 2021): the lower of the IoUs of the masks and of their boundaries; of a crowd, that of
// the masks.

import { boundaryRle, boundaryWidth, type Rle } from '../masks';
import type { ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import { MaskOverlaps } from './mask-overlaps';
import type { BoxDetections } from './report';

export class BoundaryOverlaps implements ImageOverlaps {
  private readonly masks = new MaskOverlaps();
  private readonly boundaries = new MaskOverlaps();
  private ignored: Uint8Array = new Uint8Array(0);

  /** @param ratio width of a boundary in diagonals of the image */
  constructor(private readonly ratio: number) {}

  load(detections: BoxDetections, truths: ImageTruths): void {
    this.masks.load(detections, truths);
    this.ignored = truths.ignored;
    const { ratio } = this;
    const { mask } = truths;
    this.boundaries.load(
      { ...detections, masks: detections.masks?.map((one) => new Boundary(one, ratio)) },
      {
        ...truths,
        ...(mask && { mask: (g: number, frame?: Parameters<typeof mask>[1]) => new Boundary(mask(g, frame), ratio) }),
      },
    );
  }

  area(detection: number): number {
    return this.masks.area(detection);
  }

  overlap(detection: number, truth: number): number {
    const overlap = this.masks.overlap(detection, truth);
    if (overlap <= 0 || this.ignored[truth] === 1) return overlap;
    return Math.min(overlap, this.boundaries.overlap(detection, truth));
  }
}

/** The boundary of a mask, computed when it is first read. */
class Boundary implements Rle {
  readonly height: number;
  readonly width: number;

  constructor(
    private readonly mask: Rle,
    private readonly ratio: number,
  ) {
    this.height = mask.height;
    this.width = mask.width;
  }

  get counts(): Uint32Array {
    const { height, width, counts } = this.mask;
    const whole = { height, width, counts };
    return boundaryRle(whole, boundaryWidth(whole, this.ratio)).counts;
  }
}
