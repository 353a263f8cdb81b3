// What the boxes of a whole COCO file have in common when they are written in another convention: fractions of the image
// size, or two corners. Said, never acted on.

import { excess } from './ground-truth';
import type { CocoReport } from './report';

/** Share of the boxes that must extend beyond their images to suspect corners. */
const SHARE = 0.2;

/** Counts boxes that look like fractions of the image size, or like [x1, y1, x2, y2]. */
export class BoxSuspicions {
  private count = 0;
  private fractions = 0;
  private beyond = 0;
  private corners = 0;

  /** @param size of the image as annotated */
  add(x: number, y: number, w: number, h: number, size: { width: number; height: number } | undefined): void {
    this.count++;
    if (x >= 0 && y >= 0 && w > 0 && h > 0 && w <= 1 && h <= 1 && x <= 1 && y <= 1) this.fractions++;
    if (!size) return;
    if (excess(x, y, w, h, size) > 1) this.beyond++;
    if (w > x && h > y && w <= size.width && h <= size.height) this.corners++;
  }

  report(report: CocoReport): void {
    const { count, fractions, beyond, corners } = this;
    if (count > 0 && fractions === count)
      report.notice(
        'all boxes are at most 1 wide and high, so they may be fractions of the image size. ' +
          "COCO's boxes are in pixels: multiply them with width and height",
      );
    else if (beyond > 1 && beyond > SHARE * count && corners === count)
      report.notice(
        `${beyond} of ${count} boxes extend beyond their images, and all could be corners [x1, y1, x2, y2]. ` +
          "COCO's boxes are [x, y, width, height]",
      );
  }
}
